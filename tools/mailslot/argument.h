// Arguments and options of a command, as data: the parser of the command line and the completion of
// shells read the same list.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "mailslot/types.h"

namespace mailslot::cli {

// Words that a shell offers while an argument is typed.
enum class Offer : std::uint8_t { nothing, words, slots, addresses, domains, files };

struct Argument {
    std::string_view name;  // "ADDRESS", or an option: "--wait", "-v,--verbose"
    std::string_view type;  // of an option's value: "MS"; empty: the option is a flag
    std::string_view help;
    // Stores the values; a flag has none. Returns the fault in words, or an empty text.
    std::function<std::string(const std::vector<std::string>& values)> set;
    bool repeats = false;
    bool is_required = false;
    Offer offer = Offer::nothing;
    std::vector<std::string> words{};  // for Offer::words
    std::string_view excluded{};       // an argument that may not be given as well
    std::string_view needed{};         // an argument that must be given as well

    bool is_option() const { return name.starts_with('-'); }
    bool is_flag() const { return is_option() && type.empty(); }
    // "--verbose" of "-v,--verbose".
    std::string_view long_name() const { return name.substr(name.find(',') + 1); }

    Argument required() &&;
    Argument offering(Offer what) &&;
    Argument offering(std::vector<std::string> these) &&;
    Argument without(std::string_view other) &&;
    Argument with(std::string_view other) &&;
};

using Arguments = std::vector<Argument>;
void append(Arguments& all, Arguments more);

// These functions make arguments whose values go to `to`, which must live until the command has
// run.
Argument flag(std::string_view name, std::string_view help, bool& to, bool value = true);
Argument text(std::string_view name, std::string_view type, std::string_view help, std::string& to);
Argument texts(std::string_view name, std::string_view type, std::string_view help,
               std::vector<std::string>& to);
// Accepts whole numbers from `least`.
Argument number(std::string_view name, std::string_view type, std::string_view help,
                std::int64_t least, std::function<void(std::int64_t)> set);
Argument milliseconds(std::string_view name, std::string_view help, Timeout& to);
Argument size(std::string_view name, std::string_view help, std::size_t& to);
// Accepts the words, and calls `set` with the index of the given word.
Argument choice(std::string_view name, std::string_view type, std::string_view help,
                std::vector<std::string> words, std::function<void(std::size_t)> set);

}  // namespace mailslot::cli
