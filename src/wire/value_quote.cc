#include "wire/value_quote.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>
#include <cstdint>
#include <cstdlib>
#include <iterator>

#include "base/utf8.h"

namespace mailslot::wire {
namespace {

struct Range {
    char32_t first, last;
};

// Characters that are invisible or control a terminal: the categories Cc, Cf, Zs, Zl, Zp, Co and Cs
// of Unicode 14.0 above ASCII. tests/interop/test_marshal.py compares the table with Python's own.
constexpr Range kInvisible[] = {
    {0x80, 0xA0},       {0xAD, 0xAD},       {0x600, 0x605},       {0x61C, 0x61C},
    {0x6DD, 0x6DD},     {0x70F, 0x70F},     {0x890, 0x891},       {0x8E2, 0x8E2},
    {0x1680, 0x1680},   {0x180E, 0x180E},   {0x2000, 0x200F},     {0x2028, 0x202F},
    {0x205F, 0x2064},   {0x2066, 0x206F},   {0x3000, 0x3000},     {0xD800, 0xF8FF},
    {0xFEFF, 0xFEFF},   {0xFFF9, 0xFFFB},   {0x110BD, 0x110BD},   {0x110CD, 0x110CD},
    {0x13430, 0x13438}, {0x1BCA0, 0x1BCA3}, {0x1D173, 0x1D17A},   {0xE0001, 0xE0001},
    {0xE0020, 0xE007F}, {0xF0000, 0xFFFFD}, {0x100000, 0x10FFFD},
};

bool is_visible(char32_t c) {
    if (c < 0x7F) return c >= 0x20;
    if (c == 0x7F) return false;
    const auto* range = std::lower_bound(
        std::begin(kInvisible), std::end(kInvisible), c,
        [](const Range& candidate, char32_t wanted) { return candidate.last < wanted; });
    return range == std::end(kInvisible) || c < range->first;
}

void append_hex(std::string& out, char32_t value, int digits) {
    for (int shift = 4 * (digits - 1); shift >= 0; shift -= 4) {
        out += "0123456789abcdef"[value >> shift & 0xF];
    }
}

void append_escape(std::string& out, char32_t c) {
    if (c <= 0xFF) {
        append_hex(out += "\\x", c, 2);
    } else if (c <= 0xFFFF) {
        append_hex(out += "\\u", c, 4);
    } else {
        append_hex(out += "\\U", c, 8);
    }
}

// Appends an escape that text and bytes share. Returns false if c has none.
bool append_common_escape(std::string& out, char32_t c, char quote) {
    const char* escape = c == U'\n'                    ? "\\n"
                         : c == U'\r'                  ? "\\r"
                         : c == U'\t'                  ? "\\t"
                         : c == U'\\'                  ? "\\\\"
                         : c == U'\'' && quote == '\'' ? "\\'"
                                                       : nullptr;
    if (escape == nullptr) return false;
    out += escape;
    return true;
}

// Chooses like Python: double quotes if they save escapes.
char quote_for(std::string_view text) {
    const bool has_single = text.find('\'') != text.npos;
    return has_single && text.find('"') == text.npos ? '"' : '\'';
}

}  // namespace

void append_quoted_text(std::string& out, std::string_view utf8, std::size_t enough) {
    const char quote = quote_for(utf8);
    out += quote;
    while (!utf8.empty() && out.size() <= enough) {
        const std::string_view before = utf8;
        const char32_t c = take_code_point(utf8, Surrogates::passed);
        if (c == kNotUtf8) return;  // unreachable: the decoder checks the text
        if (append_common_escape(out, c, quote)) continue;
        if (is_visible(c)) {
            out += before.substr(0, before.size() - utf8.size());
        } else {
            append_escape(out, c);
        }
    }
    out += quote;
}

void append_quoted_bytes(std::string& out, Bytes bytes, std::size_t enough) {
    const char quote = quote_for(as_text(bytes));
    (out += 'b') += quote;
    for (const std::byte byte : bytes) {
        if (out.size() > enough) break;
        const auto c = std::to_integer<std::uint8_t>(byte);
        if (append_common_escape(out, c, quote)) continue;
        if (c >= 0x20 && c < 0x7F) {
            out += static_cast<char>(c);
        } else {
            append_escape(out, c);
        }
    }
    out += quote;
}

// Appends the shortest digits that read back as the same value; uses an exponent below 1e-4 and
// from 1e16 on.
void append_real(std::string& out, double value, Real where) {
    if (std::isnan(value)) {
        out += "nan";
        return;
    }
    if (std::isinf(value)) {
        out += value < 0 ? "-1e999" : "1e999";
        return;
    }
    std::array<char, 64> buffer;
    const auto spell = [&](std::chars_format format) {
        const auto done =
            std::to_chars(buffer.data(), buffer.data() + buffer.size(), value, format);
        return std::string_view(buffer.data(), static_cast<std::size_t>(done.ptr - buffer.data()));
    };
    const std::string_view scientific = spell(std::chars_format::scientific);
    const int exponent =
        std::atoi(std::string(scientific.substr(scientific.find('e') + 1)).c_str());
    if (exponent < -4 || exponent >= 16) {
        out += scientific;
        return;
    }
    const std::string_view fixed = spell(std::chars_format::fixed);
    out += fixed;
    if (where == Real::alone && fixed.find('.') == fixed.npos) out += ".0";
}

}  // namespace mailslot::wire
