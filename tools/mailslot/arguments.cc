#include "mailslot/arguments.h"

#include <CLI/CLI.hpp>
#include <charconv>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "mailslot/commands.h"
#include "mailslot/exit_status.h"
#include "mailslot/output.h"
#include "mailslot/report.h"
#include "mailslot/size_text.h"
#include "mailslot/slot_arguments.h"

namespace mailslot::cli {
namespace {

// Action found by parsing, run after the whole command line has been checked.
using Chosen = std::function<int()>;

// CLI11 takes "[a,b]" for a list of two values. A leading mark keeps such a message whole.
constexpr char kMark = '\x01';

// Limit of all numbers, milliseconds included (34 years). Keeps sums of times far from overflow.
constexpr std::int64_t kLargestNumber = std::int64_t{1} << 40;

std::string protect(std::string_view argument) {
    const bool needs_mark =
        !argument.empty() && (argument.front() == '[' || argument.front() == kMark);
    return (needs_mark ? std::string(1, kMark) : std::string()) + std::string(argument);
}

std::string unprotect(const std::string& argument) {
    return !argument.empty() && argument.front() == kMark ? argument.substr(1) : argument;
}

std::vector<std::string> unprotect(const std::vector<std::string>& arguments) {
    std::vector<std::string> out;
    for (const std::string& argument : arguments) out.push_back(unprotect(argument));
    return out;
}

// Adds a verb with options of type Options. `run` is called with them.
template <class Options>
std::pair<CLI::App*, std::shared_ptr<Options>> add_verb(CLI::App& app, Chosen& chosen,
                                                        const char* name, const char* what,
                                                        int (*run)(const Options&)) {
    CLI::App* const verb = app.add_subcommand(name, what);
    auto options = std::make_shared<Options>();
    verb->callback([&chosen, options, run] { chosen = [options, run] { return run(*options); }; });
    return {verb, options};
}

// Prints help without CLI11's notes on types and ranges, which the options' own words give.
class HelpFormatter final : public CLI::Formatter {
public:
    std::string make_option_opts(const CLI::Option* option) const override {
        return option->get_type_name().empty() ? "" : " " + option->get_type_name();
    }
};

CLI::Option* add_number(CLI::App& verb, const char* name, const char* type, const char* what,
                        std::int64_t least, const std::function<void(std::int64_t)>& set) {
    const auto parse = [name, least, set](const std::string& text) {
        std::int64_t number = 0;
        const char* const end = text.data() + text.size();
        const auto [stopped, error] = std::from_chars(text.data(), end, number);
        if (error != std::errc() || stopped != end || number < least || number > kLargestNumber) {
            throw CLI::ValidationError(name, "'" + text + "' is no whole number from " +
                                                 std::to_string(least) + " to " +
                                                 std::to_string(kLargestNumber));
        }
        set(number);
    };
    return verb.add_option_function<std::string>(name, parse, what)->type_name(type);
}

CLI::Option* add_milliseconds(CLI::App& verb, const char* name, const char* what,
                              Timeout& timeout) {
    return add_number(verb, name, "MS", what, 0,
                      [&timeout](std::int64_t ms) { timeout = Timeout(ms); });
}

CLI::Option* add_size(CLI::App& verb, const char* name, const char* what, std::size_t& size) {
    const auto set = [name, &size](const std::string& text) {
        const auto bytes = parse_size(text);
        if (!bytes || *bytes == 0) {
            throw CLI::ValidationError(
                name, "'" + text + "' is no size; write for example 1000, 64KiB or 2GiB");
        }
        size = *bytes;
    };
    return verb.add_option_function<std::string>(name, set, what)->type_name("SIZE");
}

CLI::Option* add_name(CLI::App& verb, const char* name, const char* what, std::string& to) {
    return verb
        .add_option_function<std::string>(
            name, [&to](const std::string& text) { to = unprotect(text); }, what)
        ->required()
        ->type_name("");
}

void add_print_options(CLI::App& verb, PrintOptions& print) {
    CLI::Option* const json =
        verb.add_flag("--json", print.json, "One JSON object a line, with the envelope");
    verb.add_flag("--raw", print.raw, "The message's bytes and nothing else, no newline either")
        ->excludes(json);
    verb.add_flag("--decode", print.decode,
                  "Messages of BROWSE, MESSNGR and NET\\NETLOGON in words");
}

void add_put(CLI::App& app, Chosen& chosen) {
    const auto [verb, options] =
        add_verb<PutOptions>(app, chosen, "put", "Put messages into a slot", run_put);
    add_name(
        *verb, "ADDRESS",
        R"(NAME, or \\PLACE\mailslot\NAME with a host, an IP address, a domain, . or * as PLACE)",
        options->address);
    CLI::Option* const messages =
        verb->add_option_function<std::vector<std::string>>(
                "MESSAGE",
                [&to = options->messages](const std::vector<std::string>& all) {
                    to = unprotect(all);
                },
                "Each is one message; none given: each line of standard input is one")
            ->type_name("");
    verb->add_flag("--whole", options->whole, "All of standard input is one message")
        ->excludes(messages);
    verb->add_flag("--bytes", options->bytes, "Mark messages as bytes, not as UTF-8 text");
    CLI::Option* const wait = add_number(
        *verb, "--wait", "MS",
        "How long to wait for room: in a full slot of this machine, or for a slow network", 0,
        [options = options](std::int64_t ms) { options->wait = Timeout(ms); });
    verb->add_flag("--no-wait", options->no_wait,
                   "From standard input: do not wait for room, or for a reader that is away")
        ->excludes(wait);
    verb->add_flag("--stop-on-error", options->stop_on_error,
                   "From standard input: end at the first message that fails");
    verb->add_flag("-v,--verbose", options->verbose,
                   "Say at the end by which ways out of this machine the messages left");
    verb->add_option("--label", options->labels,
                     "A label for each message, as level=30; may be repeated")
        ->type_name("NAME=VALUE")
        ->allow_extra_args(false)
        ->check([](const std::string& label) {
            return label.find('=') == label.npos ? "there is no '=' in it" : std::string();
        });
    verb->footer(
        R"(A full slot of this machine fails the command, unless the messages come from standard
input: then it is waited for, and so is a network that is slower than the messages come. A line
that cannot leave this machine is left out; the command goes on, and ends with status 1.

Examples:
  mailslot put LISTENER "hello" "and again"       two messages to a slot of this machine
  mailslot put '\\*\mailslot\LISTENER' hello      to every machine that listens
  mailslot put //FILESRV/mailslot/LOG -- -v       a message that begins with -
  tail -F app.log | mailslot put '//*/mailslot/LOG'
  mailslot put --whole --bytes IMAGES < photo.jpg)");
}

void add_net_send(CLI::App& app, Chosen& chosen) {
    const auto [verb, options] = add_verb<NetSendOptions>(
        app, chosen, "net-send", "A text for HOST's messenger, by the classic wire", run_net_send);
    add_name(*verb, "HOST", "A NetBIOS name: a machine, a user, or a workgroup", options->host);
    add_name(*verb, "TEXT", "What to show there; ASCII", options->text);
    verb->footer(
        R"(Needs "netbios" among the carriers of the configuration. Windows shows it where its
messenger service runs: up to Windows XP; elsewhere 'mailslot listen MESSNGR --decode' does.

Example:
  mailslot net-send FILESRV "going down in five minutes")");
}

void add_get(CLI::App& app, Chosen& chosen) {
    const auto [verb, options] = add_verb<GetOptions>(
        app, chosen, "get", "Create a slot, print one message, and end", run_get);
    add_name(*verb, "NAME", "The slot", options->name);
    add_milliseconds(*verb, "--timeout", "Give up after so long, with exit status 3",
                     options->timeout);
    add_print_options(*verb, options->print);
    verb->add_flag("-v,--verbose", options->verbose,
                   "Say on standard error when the slot is there");
    verb->footer(R"(The slot exists only while the command runs.

Examples:
  mailslot get READY                              wait for a signal from another script
  answer=$(mailslot get ANSWERS --timeout 5000) || echo "no answer"
  mailslot get --raw IMAGES > photo.jpg)");
}

void add_slot_options(CLI::App& verb, SlotOptions& slot) {
    add_number(
        verb, "--max-messages", "N", "How many may wait (default 1000000)", 1,
        [&slot](std::int64_t count) { slot.max_messages = static_cast<std::size_t>(count); });
    add_size(verb, "--max-bytes", "How much may wait, in all (default 64MiB)", slot.max_bytes);
    add_when_full(verb, slot);
    add_order(verb, slot);
    add_access(verb, slot);
    add_require(verb, slot);
}

void add_listen(CLI::App& app, Chosen& chosen) {
    const auto [verb, options] = add_verb<ListenOptions>(
        app, chosen, "listen", "Create slots and print what comes", run_listen);
    verb->add_option_function<std::vector<std::string>>(
            "NAME",
            [&to = options->names](const std::vector<std::string>& all) { to = unprotect(all); },
            "The slots")
        ->required()
        ->type_name("");
    add_number(*verb, "--count", "N", "End after so many messages", 1,
               [options = options](std::int64_t count) {
                   options->count = static_cast<std::uint64_t>(count);
               });
    add_milliseconds(*verb, "--timeout", "End with exit status 3 when nothing came for so long",
                     options->timeout);
    add_print_options(*verb, options->print);
    verb->add_flag("--with-host", options->print.with_host,
                   "The sender's host before each message, as on a terminal");
    add_slot_options(*verb, options->slot);
    verb->add_flag("-v,--verbose", options->verbose,
                   "Say when the slots are there, and always sum up");
    verb->footer(
        R"(The slots exist only while the command runs. Ctrl-C ends it. Lost messages are reported on
standard error.

Examples:
  mailslot listen LISTENER
  mailslot listen LOG ALARMS --json | jq -r .text
  mailslot listen LOG --count 100 --timeout 60000 > sample.log
  mailslot listen STATUS --max-messages 100 --when-full drop_oldest      the newest 100 wait)");
}

void add_list(CLI::App& app, Chosen& chosen) {
    const auto [verb, options] = add_verb<ListOptions>(
        app, chosen, "list", "The slots of this machine, or of all", run_list);
    CLI::Option* const json = verb->add_flag("--json", options->json, "One JSON object a line");
    verb->add_flag("--names", options->names,
                   "The names alone, one a line; of other machines the addresses")
        ->excludes(json);
    CLI::Option* const network =
        verb->add_flag("--network", options->network, "Also those of every machine that answers");
    add_milliseconds(*verb, "--timeout", "How long to wait for their answers (default 500)",
                     options->timeout)
        ->needs(network);
    verb->footer(R"(Machines may be set not to answer, and answers may get lost.

Examples:
  mailslot list
  mailslot list --json | jq 'select(.lost > 0)'
  mailslot list --network)");
}

void add_who(CLI::App& app, Chosen& chosen) {
    const auto [verb, options] =
        add_verb<WhoOptions>(app, chosen, "who", "Machines that have a reader of a name", run_who);
    add_name(*verb, "NAME", R"(NAME, or \\PLACE\mailslot\NAME to ask there alone)",
             options->address);
    add_milliseconds(*verb, "--timeout", "How long to wait for answers (default 500)",
                     options->timeout);
    CLI::Option* const json = verb->add_flag("--json", options->json, "One JSON object a line");
    verb->add_flag("--names", options->names, "The hosts alone, one a line")->excludes(json);
    verb->footer(
        R"(Exit status 3 when nobody answered. Machines may be set not to answer, and answers may get lost.

Examples:
  mailslot who LISTENER
  mailslot who //SALES/mailslot/LISTENER --json)");
}

void add_info(CLI::App& app, Chosen& chosen) {
    const auto [verb, options] = add_verb<InfoOptions>(
        app, chosen, "info", "One slot's sizes, counters and losses", run_info);
    add_name(*verb, "NAME", "A slot of this machine", options->name);
    verb->add_flag("--json", options->json, "One JSON object, with all senders");
    verb->add_flag("--senders", options->senders, "All senders, not only the ten that lost most");
    verb->footer(R"(Examples:
  mailslot info LISTENER
  mailslot info LISTENER --json | jq '.by_sender[] | select(.lost > 0)'
  mailslot info LISTENER --json | jq .lost_by_cause)");
}

void add_wait(CLI::App& app, Chosen& chosen) {
    const auto [verb, options] =
        add_verb<WaitOptions>(app, chosen, "wait", "Wait for a signal of a name", run_wait);
    add_name(*verb, "NAME", "What to wait for; one program a machine may wait for it",
             options->name);
    add_milliseconds(*verb, "--timeout", "Give up after so long, with exit status 3",
                     options->timeout);
    verb->add_flag("--json", options->json, "Print the signal with its envelope");
    add_access(*verb, options->slot);
    add_require(*verb, options->slot);
    verb->add_flag("-v,--verbose", options->verbose,
                   "Say on standard error when it waits, and who signalled");
    verb->footer(R"(Any message to the slot NAME is a signal. One that came before is not kept.

Examples:
  mailslot wait READY && ./next-step              here, or on several machines
  mailslot signal '//*/mailslot/READY'            anywhere)");
}

void add_signal(CLI::App& app, Chosen& chosen) {
    const auto [verb, options] = add_verb<SignalOptions>(
        app, chosen, "signal", "Signal those who wait for a name", run_signal);
    add_name(
        *verb, "ADDRESS",
        R"(NAME: who waits on this machine; \\PLACE\mailslot\NAME: on a host, in a domain, or with * everywhere)",
        options->address);
    CLI::Option* const until = verb->add_flag("--until-heard", options->until_heard,
                                              "Send when somebody waits, not before");
    verb->add_flag_callback(
            "--no-check", [options = options] { options->check = false; },
            "To other machines: do not ask whether anybody waits, just send")
        ->excludes(until);
    add_number(
        *verb, "--timeout", "MS",
        "With --until-heard: give up after so long, with exit status 3; without: how long to "
        "look for who waits (default 400)",
        0, [options = options](std::int64_t ms) { options->timeout = Timeout(ms); });
    verb->add_flag("-v,--verbose", options->verbose, "Say on standard error who waited");
    verb->footer(
        R"(A signal is sent once and not kept: it wakes who waits just then. Where nobody is known to wait the
command says so, with exit status 4 for this machine and 0 for others, whose answer may have got lost.

Examples:
  mailslot signal '//*/mailslot/READY'
  mailslot signal //FILESRV/mailslot/READY --until-heard --timeout 60000)");
}

void add_doctor(CLI::App& app, Chosen& chosen) {
    const auto [verb, options] = add_verb<DoctorOptions>(
        app, chosen, "doctor", "Why nothing arrives, and what to do about it", run_doctor);
    const auto keep = [](std::string& to) {
        return [&to](const std::string& text) { to = unprotect(text); };
    };
    verb->add_option_function<std::string>(
            "ADDRESS", keep(options->address),
            "Also whether somebody reads there: NAME, or an address as of put")
        ->type_name("");
    verb->add_option_function<std::string>("--peer", keep(options->peer),
                                           "Also whether this machine hears us, and we it")
        ->type_name("HOST");
    add_milliseconds(*verb, "--timeout", "How long to wait for answers of others (default 500)",
                     options->timeout);
    verb->add_flag("--json", options->json, "One JSON object a check");
    verb->footer(
        R"(One line a check; for what is wrong the cause and, behind 'fix:', what puts it right. Exit status 1
if anything failed. Run as root it sees more: firewall rules, other users' programs.

Examples:
  mailslot doctor
  mailslot doctor --peer FILESRV
  mailslot doctor //SALES/mailslot/LISTENER --json | jq 'select(.status == "failed")')");
}

void add_watch(CLI::App& app, Chosen& chosen) {
    const auto [verb, options] = add_verb<WatchOptions>(
        app, chosen, "watch", "A live table of slots, senders, rates and losses", run_watch);
    verb->add_flag("--json", options->json, "One JSON object an interval, on a line of its own");
    add_number(*verb, "--interval", "MS", "How often to look (default 1000)", 50,
               [options = options](std::int64_t ms) { options->interval = Timeout(ms); });
    add_number(*verb, "--count", "N", "End after so many intervals", 1,
               [options = options](std::int64_t count) {
                   options->count = static_cast<std::uint64_t>(count);
               });
    verb->footer(
        R"(On a terminal it fills the screen until Ctrl-C or q; to a file or a pipe it prints a block of
rows an interval. Rows in red lost messages since the look before.

Examples:
  mailslot watch
  mailslot watch --interval 5000 >> rates.txt
  mailslot watch --json | jq '.slots[] | select(.lost_now > 0)')");
}

void add_key(CLI::App& app, Chosen& chosen) {
    const auto [verb, options] = add_verb<KeyOptions>(
        app, chosen, "key", "Keys of domains: who may read and write", run_key);
    add_name(*verb, "ACTION", "new, list, export, import, rotate or remove", options->action);
    add_name(*verb, "NAME", "The domain; import: a file, - or nothing for standard input",
             options->name)
        ->required(false);
    verb->add_option("--output", options->output, "export: to a new file that only you may read")
        ->type_name("FILE");
    verb->add_flag("--replace", options->replace, "new, import, export: in place of what is there");
    verb->add_flag("--finish", options->finish, "rotate: the last step, drops the previous key");
    verb->add_flag("--json", options->json, "list: one JSON object a line; never the keys");
    verb->footer(
        R"(Who has a domain's key is in the domain: hears \\DOMAIN\mailslot\..., and may write there.

Examples:
  mailslot key new LAB
  mailslot key export LAB | ssh beta mailslot key import
  mailslot key rotate LAB       on one machine: makes the next key; export and import it everywhere;
  mailslot key rotate LAB       on each: the next key is current;
  mailslot key rotate LAB --finish      on each, when all are so far)");
}

void add_verbs(CLI::App& app, Chosen& chosen) {
    add_put(app, chosen);
    add_net_send(app, chosen);
    add_get(app, chosen);
    add_listen(app, chosen);
    add_wait(app, chosen);
    add_signal(app, chosen);
    add_list(app, chosen);
    add_who(app, chosen);
    add_info(app, chosen);
    add_doctor(app, chosen);
    add_watch(app, chosen);
    add_key(app, chosen);
}

std::string command_of(const CLI::App& app) {
    const auto verbs = app.get_subcommands();
    return verbs.empty() ? "mailslot" : "mailslot " + verbs.front()->get_name();
}

// Prints the error in a line, and where to find help.
int wrong_use(const CLI::App& app, std::string what) {
    for (char& c : what) {
        if (c == '\n') c = ' ';
    }
    say(what + "; see '" + command_of(app) + " --help'");
    return kWrongUse;
}

// CLI11's words for a superfluous argument are vague, so name the argument.
int explain(const CLI::App& app, const CLI::ParseError& error) {
    if (dynamic_cast<const CLI::ExtrasError*>(&error) == nullptr)
        return wrong_use(app, error.what());
    const auto rest = app.remaining(true);
    const std::string first = rest.empty() ? std::string() : unprotect(rest.front());
    if (app.get_subcommands().empty()) return wrong_use(app, "there is no command '" + first + "'");
    if (first.starts_with('-')) {
        return wrong_use(app,
                         "there is no option '" + first + "' (what is no option goes after --)");
    }
    return wrong_use(app, "'" + first + "' is one argument too many");
}

int print(const std::string& text) {
    Output output;
    output.text() = text;
    return finish(output);
}

}  // namespace

int run_arguments(int argc, char** argv) {
    CLI::App app("Named one-way messages to a process, a machine, a domain or every machine.",
                 "mailslot");
    Chosen chosen;
    auto formatter = std::make_shared<HelpFormatter>();
    formatter->column_width(24);
    app.formatter(formatter);  // before the verbs, which inherit it
    app.require_subcommand(0, 1);
    app.set_version_flag("--version", "mailslot " MAILSLOT_VERSION, "Print the version");
    app.set_help_flag("-h,--help", "Print this help");
    app.footer(R"(Examples:
  mailslot listen LISTENER                        in one terminal, on any machine
  mailslot put '\\*\mailslot\LISTENER' hello      in another, on any machine

'mailslot COMMAND --help' says more; so does 'man mailslot'.
Exit status: 0 done, 1 failed, 2 wrong use, 3 nothing came in time, 4 no such slot, 5 refused.)");
    add_verbs(app, chosen);

    // Last argument first, as CLI11's parse() of a vector expects.
    std::vector<std::string> arguments;
    for (int i = argc; i-- > 1;) arguments.push_back(protect(argv[i]));
    try {
        app.parse(std::move(arguments));
    } catch (const CLI::CallForHelp&) {
        return print(app.help());  // the help of the verb, if named
    } catch (const CLI::CallForVersion& version) {
        return print(std::string(version.what()) + "\n");
    } catch (const CLI::ParseError& error) {
        return explain(app, error);
    }
    if (!chosen) return wrong_use(app, "no command given");
    return chosen();
}

}  // namespace mailslot::cli
