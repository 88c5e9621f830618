#include "base/visible_text.h"

#include <algorithm>
#include <cstddef>

#include "base/utf8.h"

namespace mailslot {
namespace {

struct Range {
    char32_t first, last;
};

constexpr Range kControls[] = {
    {0x00, 0x1f},      // C0
    {0x7f, 0x9f},      // DEL and C1
    {0x061c, 0x061c},  // Arabic letter mark
    {0x200e, 0x200f},  // left-to-right and right-to-left mark
    {0x2028, 0x202e},  // line and paragraph separator, embeddings and overrides of the direction
    {0x2066, 0x206f},  // isolates of the direction, and the format controls that Unicode gave up
};

constexpr Range kBlanks[] = {
    {' ', ' '},       {0xa0, 0xa0},     {0xad, 0xad},     {0x1680, 0x1680},   {0x180e, 0x180e},
    {0x2000, 0x200d}, {0x202f, 0x202f}, {0x205f, 0x2064}, {0x2800, 0x2800},   {0x3000, 0x3000},
    {0x3164, 0x3164}, {0xfeff, 0xfeff}, {0xffa0, 0xffa0}, {0xe0000, 0xe007f},
};

template <std::size_t kSize>
bool is_in(const Range (&ranges)[kSize], char32_t code_point) {
    return std::ranges::any_of(ranges, [code_point](const Range& range) {
        return code_point >= range.first && code_point <= range.last;
    });
}

void append_hex_digits(std::string& out, char32_t number, int digits) {
    constexpr char kHex[] = "0123456789abcdef";
    for (int shift = 4 * (digits - 1); shift >= 0; shift -= 4) out += kHex[number >> shift & 15];
}

// Returns true for printable ASCII and tabs, which most text consists of.
bool is_plain(char c) { return (c >= ' ' && c <= '~') || c == '\t'; }

// `hides` says which code points are to become visible.
template <class Hides>
void append(std::string& out, std::string_view text, Hides hides) {
    while (!text.empty()) {
        const std::string_view before = text;
        const char32_t code_point = take_code_point(text);
        if (code_point == kNotUtf8) {
            append_code(out, static_cast<unsigned char>(text[0]));
            text.remove_prefix(1);
        } else if (hides(code_point)) {
            append_code(out, code_point);
        } else {
            out += before.substr(0, before.size() - text.size());
        }
    }
}

}  // namespace

bool is_control(char32_t code_point) { return is_in(kControls, code_point); }

bool is_blank(char32_t code_point) { return is_in(kBlanks, code_point); }

void append_code(std::string& out, char32_t code_point) {
    out += '\\';
    if (code_point < 0x100) {
        out += 'x';
        append_hex_digits(out, code_point, 2);
    } else if (code_point < 0x10000) {
        out += 'u';
        append_hex_digits(out, code_point, 4);
    } else {
        out += 'U';
        append_hex_digits(out, code_point, 8);
    }
}

void append_visible(std::string& out, std::string_view text) {
    const auto odd =
        static_cast<std::size_t>(std::ranges::find_if_not(text, is_plain) - text.begin());
    out += text.substr(0, odd);
    append(out, text.substr(odd), [](char32_t c) { return c != '\t' && is_control(c); });
}

void append_cell(std::string& out, std::string_view text) {
    if (text.empty()) out += '-';
    append(out, text, [](char32_t c) { return is_control(c) || is_blank(c); });
}

std::string cell_of(std::string_view text) {
    std::string out;
    append_cell(out, text);
    return out;
}

void append_table_cell(std::string& out, std::string_view text) {
    if (text.empty()) out += '-';
    const bool ends_blank = text.ends_with(' ');
    if (ends_blank) text.remove_suffix(1);
    char32_t before = ' ';
    append(out, text, [&before](char32_t c) {
        const bool is_alone = c == ' ' && before != ' ';
        before = c;
        return !is_alone && (is_control(c) || is_blank(c));
    });
    if (ends_blank) append_code(out, ' ');
}

}  // namespace mailslot
