#include "mailslot/plain_line.h"

#include <algorithm>

#include "base/visible_text.h"

namespace mailslot::cli {
namespace {

// Fits most host names; longer names push their message to the right.
constexpr std::size_t kHostWidth = 12;
constexpr std::size_t kSlotWidth = 10;
constexpr std::string_view kMark = "[not trusted] ";

std::size_t count_characters(std::string_view utf8) {
    return static_cast<std::size_t>(
        std::count_if(utf8.begin(), utf8.end(), [](char c) { return (c & 0xc0) != 0x80; }));
}

// Returns how many columns were used, including the gap.
std::size_t append_column(std::string& out, std::string_view text, std::size_t width) {
    const std::size_t start = out.size();
    append_cell(out, text);
    const std::size_t used = count_characters(std::string_view(out).substr(start));
    const std::size_t gap = used < width ? width - used + 1 : 1;
    out.append(gap, ' ');
    return used + gap;
}

// Picks a colour by the host's name, the same in every run. The six colours are readable on dark
// and on light backgrounds.
void append_colour(std::string& out, std::string_view host) {
    unsigned sum = 0;
    for (const char c : host) sum = sum * 31 + static_cast<unsigned char>(c);
    out += "\x1b[3";
    out += static_cast<char>('1' + sum % 6);
    out += 'm';
}

std::size_t append_columns(std::string& out, const ShownMessage& message, const PlainStyle& style) {
    if (style.colours) append_colour(out, message.from_host);
    std::size_t used = append_column(out, message.from_host, kHostWidth);
    if (style.colours) out += "\x1b[0m";
    if (style.slot) used += append_column(out, message.slot, kSlotWidth);
    return used;
}

// Appends lines. `before` is put before each line but the first.
void append_lines(std::string& out, std::string_view text, std::string_view before) {
    while (true) {
        const std::size_t end = text.find('\n');
        append_visible(out, text.substr(0, end));
        if (end == std::string_view::npos) return;
        out += '\n';
        out += before;
        text.remove_prefix(end + 1);
    }
}

}  // namespace

PlainStyle choose_style(const PrintOptions& options, bool is_terminal, bool no_color,
                        std::size_t slots) {
    if (options.raw) return {.raw = true};
    const bool columns = is_terminal || options.with_host;
    return {.columns = columns,
            .slot = columns && slots > 1,
            .colours = is_terminal && !no_color,
            .marks = options.marks,
            .visible = is_terminal};
}

void append_plain_line(std::string& out, const ShownMessage& message, const PlainStyle& style) {
    if (style.raw) {
        out += message.data;
        return;
    }
    const std::size_t columns = style.columns ? append_columns(out, message, style) : 0;
    const bool is_bare = style.is_bare(message.trust);
    std::string before_further(columns, ' ');
    if (style.marks_it(message.trust)) {
        out += kMark;
        before_further += kMark;
    }
    const std::string_view content = !message.decoded.empty()   ? std::string_view(message.decoded)
                                     : !message.literal.empty() ? std::string_view(message.literal)
                                     : message.record && !is_bare
                                         ? std::string_view(*message.record)
                                         : message.data;
    if (is_bare)
        out += content;
    else
        append_lines(out, content, before_further);
    out += '\n';
}

}  // namespace mailslot::cli
