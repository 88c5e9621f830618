#include "mailslot/completion.h"

#include <algorithm>

#include "mailslot/command.h"

namespace mailslot::cli {
namespace {

void add_line(std::string& out, std::string_view word, std::string_view help) {
    out += word;
    if (!help.empty()) (out += '\t') += help;
    out += '\n';
}

std::string offer_of(const Argument& argument) {
    switch (argument.offer) {
        case Offer::words: {
            std::string out;
            for (const std::string& word : argument.words) add_line(out, word, "");
            return out;
        }
        case Offer::slots:
            return ":slots\n";
        case Offer::addresses:
            return ":addresses\n";
        case Offer::domains:
            return ":domains\n";
        case Offer::files:
            return ":files\n";
        case Offer::nothing:
            break;
    }
    return {};
}

std::string commands() {
    std::string out;
    for (const Command* const command : all_commands()) {
        add_line(out, command->name, command->summary);
    }
    return out;
}

std::string options_of(const Arguments& arguments) {
    std::string out;
    for (const Argument& argument : arguments) {
        if (argument.is_option()) add_line(out, argument.long_name(), argument.help);
    }
    add_line(out, "--help", "Print this help");
    return out;
}

// Returns null unless `word` is an option that takes a value.
const Argument* option_with_value(const Arguments& arguments, std::string_view word) {
    const auto is_it = [word](const Argument& argument) {
        return argument.is_option() && !argument.is_flag() && argument.long_name() == word;
    };
    const auto found = std::ranges::find_if(arguments, is_it);
    return found != arguments.end() ? &*found : nullptr;
}

// Returns the argument without a name at that position, or null.
const Argument* argument_at(const Arguments& arguments, std::size_t position) {
    for (const Argument& argument : arguments) {
        if (argument.is_option()) continue;
        if (position == 0 || argument.repeats) return &argument;
        --position;
    }
    return nullptr;
}

}  // namespace

std::string completions(const std::vector<std::string>& words) {
    if (words.empty()) return {};
    const std::string& last = words.back();
    if (words.size() == 1) {
        if (!last.starts_with('-')) return commands();
        return options_of({}) + "--version\tPrint the version\n";
    }
    const auto all = all_commands();
    const auto command = std::ranges::find(all, words.front(), &Command::name);
    if (command == all.end()) return {};
    const Use use = (*command)->prepare();
    std::size_t position = 0;
    for (std::size_t i = 1; i + 1 < words.size(); ++i) {
        const Argument* const option = option_with_value(use.arguments, words[i]);
        if (option != nullptr && i + 2 == words.size()) return offer_of(*option);
        if (option != nullptr) {
            ++i;  // its value
        } else if (!words[i].starts_with('-')) {
            ++position;
        }
    }
    if (last.starts_with('-')) return options_of(use.arguments);
    const Argument* const argument = argument_at(use.arguments, position);
    return argument != nullptr ? offer_of(*argument) : std::string();
}

}  // namespace mailslot::cli
