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
            throw CLI::ValidationError(name, "'" + text + "' is not a whole number from " +
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
                name, "'" + text + "' is not a size; write for example 1000, 64KiB or 2GiB");
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
    verb.add_flag("--raw", print.raw, "Only the message's bytes, without a newline")
        ->excludes(json);
    verb.add_flag("--decode", print.decode,
                  "Explain messages of BROWSE, MESSNGR and NET\\NETLOGON in words");
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
                "One message each; without MESSAGE, each line of standard input is a message")
            ->type_name("");
    verb->add_flag("--whole", options->whole, "All of standard input is one message")
        ->excludes(messages);
    verb->add_flag("--bytes", options->bytes, "Mark messages as bytes, not as UTF-8 text");
    CLI::Option* const wait =
        add_number(*verb, "--wait", "MS",
                   "Wait at most MS for room in a full slot of this machine, or for a slow network",
                   0, [options = options](std::int64_t ms) { options->wait = Timeout(ms); });
    verb->add_flag("--no-wait", options->no_wait,
                   "With standard input: do not wait for room, or for a reader that is away")
        ->excludes(wait);
    verb->add_flag("--stop-on-error", options->stop_on_error,
                   "With standard input: end at the first message that fails");
    verb->add_flag("-v,--verbose", options->verbose,
                   "Report at the end how many datagrams left this machine by which way");
    verb->add_option("--label", options->labels,
                     "A label for each message, such as level=30; may be repeated")
        ->type_name("NAME=VALUE")
        ->allow_extra_args(false)
        ->check([](const std::string& label) {
            return label.find('=') == label.npos ? "'=' is missing" : std::string();
        });
    verb->footer(
        R"(Fails if a slot of this machine is full. With messages from standard input it waits instead:
for room in the slot, and for a network that is slower than the messages come. It leaves out a
line that cannot leave this machine, goes on, and ends with status 1.

Examples:
  mailslot put LISTENER "hello" "and again"       two messages to a slot of this machine
  mailslot put '\\*\mailslot\LISTENER' hello      to every machine that listens
  mailslot put //FILESRV/mailslot/LOG -- -v       a message that begins with -
  tail -F app.log | mailslot put '//*/mailslot/LOG'
  mailslot put --whole --bytes IMAGES < photo.jpg)");
}

void add_net_send(CLI::App& app, Chosen& chosen) {
    const auto [verb, options] = add_verb<NetSendOptions>(
        app, chosen, "net-send", "Send a text to a Windows messenger, by the classic wire",
        run_net_send);
    add_name(*verb, "HOST", "A NetBIOS name: a machine, a user, or a workgroup", options->host);
    add_name(*verb, "TEXT", "The text to show there; ASCII", options->text);
    verb->footer(
        R"(Needs "netbios" among the carriers of the configuration. Windows up to XP shows the text if its
messenger service runs. Elsewhere 'mailslot listen MESSNGR --decode' shows it.

Example:
  mailslot net-send FILESRV "going down in five minutes")");
}

void add_get(CLI::App& app, Chosen& chosen) {
    const auto [verb, options] = add_verb<GetOptions>(
        app, chosen, "get", "Create a slot, print one message, and end", run_get);
    add_name(*verb, "NAME", "The slot", options->name);
    add_milliseconds(*verb, "--timeout", "Give up after MS milliseconds, with exit status 3",
                     options->timeout);
    add_print_options(*verb, options->print);
    verb->add_flag("-v,--verbose", options->verbose,
                   "Report on standard error when the slot is ready");
    verb->footer(R"(The slot exists only while the command runs.

Examples:
  mailslot get READY                              wait for a signal from another script
  answer=$(mailslot get ANSWERS --timeout 5000) || echo "no answer"
  mailslot get --raw IMAGES > photo.jpg)");
}

void add_slot_options(CLI::App& verb, SlotOptions& slot) {
    add_number(
        verb, "--max-messages", "N", "Most messages that may wait (default 1000000)", 1,
        [&slot](std::int64_t count) { slot.max_messages = static_cast<std::size_t>(count); });
    add_size(verb, "--max-bytes", "Most bytes that may wait (default 64MiB)", slot.max_bytes);
    add_when_full(verb, slot);
    add_order(verb, slot);
    add_access(verb, slot);
    add_require(verb, slot);
}

void add_listen(CLI::App& app, Chosen& chosen) {
    const auto [verb, options] = add_verb<ListenOptions>(
        app, chosen, "listen", "Create slots and print their messages", run_listen);
    verb->add_option_function<std::vector<std::string>>(
            "NAME",
            [&to = options->names](const std::vector<std::string>& all) { to = unprotect(all); },
            "The slots")
        ->required()
        ->type_name("");
    add_number(*verb, "--count", "N", "End after N messages", 1,
               [options = options](std::int64_t count) {
                   options->count = static_cast<std::uint64_t>(count);
               });
    add_milliseconds(*verb, "--timeout", "End with exit status 3 if nothing came for MS",
                     options->timeout);
    add_print_options(*verb, options->print);
    verb->add_flag("--with-host", options->print.with_host,
                   "Print the sender's host before each message, as on a terminal");
    add_slot_options(*verb, options->slot);
    verb->add_flag("-v,--verbose", options->verbose,
                   "Report when the slots are ready, and always print totals at the end");
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
        app, chosen, "list", "List the slots of this machine, or of all machines", run_list);
    CLI::Option* const json = verb->add_flag("--json", options->json, "One JSON object a line");
    verb->add_flag("--names", options->names,
                   "Only the names, one a line; for other machines the addresses")
        ->excludes(json);
    CLI::Option* const network = verb->add_flag(
        "--network", options->network, "List also the slots of every other machine that answers");
    add_milliseconds(*verb, "--timeout", "Wait at most MS for their answers (default 500)",
                     options->timeout)
        ->needs(network);
    verb->footer(R"(Machines may be set not to answer, and answers may get lost.

Examples:
  mailslot list
  mailslot list --json | jq 'select(.lost > 0)'
  mailslot list --network)");
}

void add_who(CLI::App& app, Chosen& chosen) {
    const auto [verb, options] = add_verb<WhoOptions>(
        app, chosen, "who", "List machines that have a reader of a name", run_who);
    add_name(*verb, "NAME", R"(NAME, or \\PLACE\mailslot\NAME to ask only there)",
             options->address);
    add_milliseconds(*verb, "--timeout", "Wait at most MS for answers (default 500)",
                     options->timeout);
    CLI::Option* const json = verb->add_flag("--json", options->json, "One JSON object a line");
    verb->add_flag("--names", options->names, "Only the hosts, one a line")->excludes(json);
    verb->footer(
        R"(Exit status 3 if no machine answered. Machines may be set not to answer, and answers may get lost.

Examples:
  mailslot who LISTENER
  mailslot who //SALES/mailslot/LISTENER --json)");
}

void add_info(CLI::App& app, Chosen& chosen) {
    const auto [verb, options] = add_verb<InfoOptions>(
        app, chosen, "info", "Show a slot's sizes, counters and losses", run_info);
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
    add_name(*verb, "NAME", "The signal's name; one program per machine may wait for it",
             options->name);
    add_milliseconds(*verb, "--timeout", "Give up after MS milliseconds, with exit status 3",
                     options->timeout);
    verb->add_flag("--json", options->json, "Print the signal with its envelope");
    add_access(*verb, options->slot);
    add_require(*verb, options->slot);
    verb->add_flag("-v,--verbose", options->verbose,
                   "Report on standard error when the wait begins, and who signalled");
    verb->footer(
        R"(Any message to the slot NAME is a signal. Signals sent before the wait are not kept.

Examples:
  mailslot wait READY && ./next-step              here, or on several machines
  mailslot signal '//*/mailslot/READY'            anywhere)");
}

void add_signal(CLI::App& app, Chosen& chosen) {
    const auto [verb, options] = add_verb<SignalOptions>(
        app, chosen, "signal", "Wake programs that wait for a name", run_signal);
    add_name(
        *verb, "ADDRESS",
        R"(NAME on this machine, or \\PLACE\mailslot\NAME on a host, in a domain, or with * everywhere)",
        options->address);
    CLI::Option* const until =
        verb->add_flag("--until-heard", options->until_heard, "Send only when somebody waits");
    verb->add_flag_callback(
            "--no-check", [options = options] { options->check = false; },
            "For other machines: send without asking whether anybody waits")
        ->excludes(until);
    add_number(*verb, "--timeout", "MS",
               "With --until-heard: give up after MS, with exit status 3; without: wait at most MS "
               "for answers (default 400)",
               0, [options = options](std::int64_t ms) { options->timeout = Timeout(ms); });
    verb->add_flag("-v,--verbose", options->verbose, "Report on standard error who waited");
    verb->footer(
        R"(A signal is sent once and not kept: it wakes only programs that wait at that moment. If none is known
to wait, the command says so. Exit status: 4 for this machine, 0 for others, whose answers may get lost.

Examples:
  mailslot signal '//*/mailslot/READY'
  mailslot signal //FILESRV/mailslot/READY --until-heard --timeout 60000)");
}

void add_doctor(CLI::App& app, Chosen& chosen) {
    const auto [verb, options] = add_verb<DoctorOptions>(
        app, chosen, "doctor", "Explain why nothing arrives, and how to fix it", run_doctor);
    const auto keep = [](std::string& to) {
        return [&to](const std::string& text) { to = unprotect(text); };
    };
    verb->add_option_function<std::string>(
            "ADDRESS", keep(options->address),
            "Check also for a reader there: NAME, or an address as for put")
        ->type_name("");
    verb->add_option_function<std::string>(
            "--peer", keep(options->peer),
            "Check also whether HOST and this machine hear each other")
        ->type_name("HOST");
    add_milliseconds(*verb, "--timeout", "Wait at most MS for other machines (default 500)",
                     options->timeout);
    verb->add_flag("--json", options->json, "One JSON object a check");
    verb->footer(
        R"(Prints one line per check, for a fault with its cause and, after 'fix:', the command or setting that
fixes it. Exit status 1 if a check failed. As root it sees more: firewall rules, other users' programs.

Examples:
  mailslot doctor
  mailslot doctor --peer FILESRV
  mailslot doctor //SALES/mailslot/LISTENER --json | jq 'select(.status == "failed")')");
}

void add_watch(CLI::App& app, Chosen& chosen) {
    const auto [verb, options] = add_verb<WatchOptions>(
        app, chosen, "watch", "Show a live table of slots, senders, rates and losses", run_watch);
    verb->add_flag("--json", options->json, "One JSON object per interval, each on its own line");
    add_number(*verb, "--interval", "MS", "Time between two looks (default 1000)", 50,
               [options = options](std::int64_t ms) { options->interval = Timeout(ms); });
    add_number(*verb, "--count", "N", "End after N intervals", 1,
               [options = options](std::int64_t count) {
                   options->count = static_cast<std::uint64_t>(count);
               });
    verb->footer(
        R"(On a terminal the table fills the screen until Ctrl-C or q. To a file or a pipe each interval
prints a block of rows. Red rows have lost messages since the look before.

Examples:
  mailslot watch
  mailslot watch --interval 5000 >> rates.txt
  mailslot watch --json | jq '.slots[] | select(.lost_now > 0)')");
}

void add_key(CLI::App& app, Chosen& chosen) {
    const auto [verb, options] = add_verb<KeyOptions>(
        app, chosen, "key", "Manage keys of domains, which decide who may read and write", run_key);
    add_name(*verb, "ACTION", "new, list, export, import, rotate or remove", options->action);
    add_name(*verb, "NAME", "The domain; for import a file (- or nothing: standard input)",
             options->name)
        ->required(false);
    verb->add_option("--output", options->output, "export: write a new file that only you may read")
        ->type_name("FILE");
    verb->add_flag("--replace", options->replace, "new, import, export: replace what is there");
    verb->add_flag("--finish", options->finish, "rotate: do the last step, drop the previous key");
    verb->add_flag("--json", options->json, "list: one JSON object a line, without the keys");
    verb->footer(
        R"(A machine with a domain's key is in the domain: it reads and writes \\DOMAIN\mailslot\...

Examples:
  mailslot key new LAB
  mailslot key export LAB | ssh beta mailslot key import
  mailslot key rotate LAB       on one machine: makes the next key; copy it to all machines;
  mailslot key rotate LAB       on each: makes the next key current;
  mailslot key rotate LAB --finish      on each, after all machines have done this)");
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
    if (app.get_subcommands().empty()) return wrong_use(app, "unknown command '" + first + "'");
    if (first.starts_with('-')) {
        const bool is_put = app.get_subcommands().front()->get_name() == "put";
        return wrong_use(app, "unknown option '" + first + "'" +
                                  (is_put ? "; put -- before a message that begins with -" : ""));
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

'mailslot COMMAND --help' and 'man mailslot' say more.
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
