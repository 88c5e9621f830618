#include "mailslot/argument.h"

#include <algorithm>
#include <charconv>
#include <iterator>

#include "mailslot/size_text.h"

namespace mailslot::cli {
namespace {

// Limit of all numbers, milliseconds included (34 years). Keeps sums of times far from overflow.
constexpr std::int64_t kLargestNumber = std::int64_t{1} << 40;

// Returns "owner, group or everybody".
std::string listed(const std::vector<std::string>& words) {
    std::string out;
    for (std::size_t i = 0; i < words.size(); ++i) {
        if (i > 0) out += i + 1 < words.size() ? ", " : " or ";
        out += words[i];
    }
    return out;
}

}  // namespace

Argument Argument::required() && {
    is_required = true;
    return std::move(*this);
}

Argument Argument::offering(Offer what) && {
    offer = what;
    return std::move(*this);
}

Argument Argument::offering(std::vector<std::string> these) && {
    offer = Offer::words;
    words = std::move(these);
    return std::move(*this);
}

Argument Argument::without(std::string_view other) && {
    excluded = other;
    return std::move(*this);
}

Argument Argument::with(std::string_view other) && {
    needed = other;
    return std::move(*this);
}

void append(Arguments& all, Arguments more) {
    std::move(more.begin(), more.end(), std::back_inserter(all));
}

Argument flag(std::string_view name, std::string_view help, bool& to, bool value) {
    return {name, {}, help, [&to, value](const auto&) {
                to = value;
                return std::string();
            }};
}

Argument text(std::string_view name, std::string_view type, std::string_view help,
              std::string& to) {
    return {name, type, help, [&to](const auto& values) {
                to = values.back();
                return std::string();
            }};
}

Argument texts(std::string_view name, std::string_view type, std::string_view help,
               std::vector<std::string>& to) {
    Argument argument{name, type, help, [&to](const auto& values) {
                          to = values;
                          return std::string();
                      }};
    argument.repeats = true;
    return argument;
}

Argument number(std::string_view name, std::string_view type, std::string_view help,
                std::int64_t least, std::function<void(std::int64_t)> set) {
    return {name, type, help, [least, set = std::move(set)](const auto& values) {
                const std::string& text = values.back();
                std::int64_t number = 0;
                const char* const end = text.data() + text.size();
                const auto [stopped, error] = std::from_chars(text.data(), end, number);
                if (error != std::errc() || stopped != end || number < least ||
                    number > kLargestNumber) {
                    return "'" + text + "' is not a whole number from " + std::to_string(least) +
                           " to " + std::to_string(kLargestNumber);
                }
                set(number);
                return std::string();
            }};
}

Argument milliseconds(std::string_view name, std::string_view help, Timeout& to) {
    return number(name, "MS", help, 0, [&to](std::int64_t ms) { to = Timeout(ms); });
}

Argument size(std::string_view name, std::string_view help, std::size_t& to) {
    return {name, "SIZE", help, [&to](const auto& values) {
                const auto bytes = parse_size(values.back());
                if (!bytes || *bytes == 0) {
                    return "'" + values.back() +
                           "' is not a size; write for example 1000, 64KiB or 2GiB";
                }
                to = *bytes;
                return std::string();
            }};
}

Argument choice(std::string_view name, std::string_view type, std::string_view help,
                std::vector<std::string> words, std::function<void(std::size_t)> set) {
    Argument argument{name, type, help, [words, set = std::move(set)](const auto& values) {
                          const auto found = std::ranges::find(words, values.back());
                          if (found == words.end()) {
                              return "'" + values.back() + "' is not " + listed(words);
                          }
                          set(static_cast<std::size_t>(found - words.begin()));
                          return std::string();
                      }};
    return std::move(argument).offering(std::move(words));
}

}  // namespace mailslot::cli
