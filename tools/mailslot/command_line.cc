#include "mailslot/command_line.h"

#include <CLI/CLI.hpp>
#include <algorithm>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "mailslot/command.h"
#include "mailslot/completion.h"
#include "mailslot/exit_status.h"
#include "mailslot/output.h"
#include "mailslot/report.h"
#include "mailslot/separate_program.h"

namespace mailslot::cli {
namespace {

// CLI11 takes "[a,b]" for a list of two values. A leading mark keeps such a message whole.
constexpr char kMark = '\x01';

std::string protect(std::string_view argument) {
    const bool needs_mark =
        !argument.empty() && (argument.front() == '[' || argument.front() == kMark);
    return (needs_mark ? std::string(1, kMark) : std::string()) + std::string(argument);
}

std::string unprotect(const std::string& argument) {
    return !argument.empty() && argument.front() == kMark ? argument.substr(1) : argument;
}

// Prints help without CLI11's notes on types and ranges, which the options' own words give.
class HelpFormatter final : public CLI::Formatter {
public:
    std::string make_option_opts(const CLI::Option* option) const override {
        return option->get_type_name().empty() ? "" : " " + option->get_type_name();
    }
};

CLI::Option* add_value(CLI::App& verb, const Argument& argument, const std::string& name) {
    const auto set = [name, &argument](std::vector<std::string> values) {
        for (std::string& value : values) value = unprotect(value);
        const std::string fault = argument.set(values);
        if (!fault.empty()) throw CLI::ValidationError(name, fault);
    };
    const std::string help(argument.help);
    CLI::Option* const option =
        argument.repeats ? verb.add_option_function<std::vector<std::string>>(name, set, help)
                         : verb.add_option_function<std::string>(
                               name, [set](const std::string& value) { set({value}); }, help);
    if (argument.repeats && argument.is_option()) option->allow_extra_args(false);
    return option->type_name(std::string(argument.type))->required(argument.is_required);
}

void add_arguments(CLI::App& verb, const Arguments& arguments) {
    std::map<std::string_view, CLI::Option*> by_name;
    for (const Argument& argument : arguments) {
        const std::string name(argument.name);
        by_name[argument.name] = argument.is_flag() ? verb.add_flag_callback(
                                                          name, [&argument] { argument.set({}); },
                                                          std::string(argument.help))
                                                    : add_value(verb, argument, name);
    }
    for (const Argument& argument : arguments) {
        CLI::Option* const option = by_name[argument.name];
        if (!argument.excluded.empty()) option->excludes(by_name.at(argument.excluded));
        if (!argument.needed.empty()) option->needs(by_name.at(argument.needed));
    }
}

bool is_separate(std::string_view word) {
    return std::ranges::any_of(all_commands(), [word](const Command* command) {
        return command->name == word && command->prepare == kSeparateProgram;
    });
}

// Each use lives until its command has run.
using Uses = std::map<const CLI::App*, Use>;

void add_commands(CLI::App& app, Uses& uses) {
    for (const Command* const command : all_commands()) {
        CLI::App* const verb =
            app.add_subcommand(std::string(command->name), std::string(command->summary));
        if (command->prepare == kSeparateProgram) continue;
        verb->footer(std::string(command->notes));
        const Use& use = uses[verb] = command->prepare();
        add_arguments(*verb, use.arguments);
    }
}

// Returns null if no command was named.
const CLI::App* chosen_in(const CLI::App& app) {
    const auto verbs = app.get_subcommands();
    return verbs.empty() ? nullptr : verbs.front();
}

// Prints the error in a line, and where to find help.
int wrong_use(const CLI::App& app, std::string what) {
    for (char& c : what) {
        if (c == '\n') c = ' ';
    }
    const CLI::App* const verb = chosen_in(app);
    say(what + "; see 'mailslot" + (verb != nullptr ? " " + verb->get_name() : "") + " --help'");
    return kWrongUse;
}

// Returns whether the last argument may be any number of any words.
bool takes_messages(const Use& use) {
    return std::ranges::any_of(use.arguments, [](const Argument& argument) {
        return !argument.is_option() && argument.repeats && argument.offer == Offer::nothing;
    });
}

// CLI11's words for a superfluous argument are vague, so name the argument.
int explain(const CLI::App& app, const Uses& uses, const CLI::ParseError& error) {
    if (dynamic_cast<const CLI::ExtrasError*>(&error) == nullptr)
        return wrong_use(app, error.what());
    const auto rest = app.remaining(true);
    const std::string first = rest.empty() ? std::string() : unprotect(rest.front());
    const CLI::App* const verb = chosen_in(app);
    if (verb == nullptr) return wrong_use(app, "unknown command '" + first + "'");
    if (first.starts_with('-')) {
        return wrong_use(
            app, "unknown option '" + first + "'" +
                     (takes_messages(uses.at(verb)) ? "; put -- before a message that begins with -"
                                                    : ""));
    }
    return wrong_use(app, "'" + first + "' is one argument too many");
}

int print(const std::string& text) {
    Output output;
    output.text() = text;
    return finish(output);
}

void describe(CLI::App& app) {
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
}

}  // namespace

int run_command_line(int argc, char** argv) {
    const bool completes = argc > 1 && argv[1] == kCompleteOption;
    // A separate program parses and completes its own arguments; its verb is the first word.
    if (const int at = completes ? 2 : 1; argc > at && is_separate(argv[at])) {
        if (!completes || argc > at + 1) return run_separate_program(argv[at], argv);
    }
    if (completes) {
        return print(completions({argv + 2, argv + argc}));
    }
    CLI::App app("Named one-way messages to a process, a machine, a domain or every machine.",
                 "mailslot");
    describe(app);
    Uses uses;
    add_commands(app, uses);

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
        return explain(app, uses, error);
    }
    const CLI::App* const verb = chosen_in(app);
    if (verb == nullptr) return wrong_use(app, "no command given");
    if (!uses.contains(verb)) return run_separate_program(verb->get_name(), argv);
    return uses.at(verb).run();
}

}  // namespace mailslot::cli
