// Decodes UTF-8 into code points.
#pragma once

#include <cstddef>
#include <string_view>

namespace mailslot {

inline constexpr char32_t kNotUtf8 = 0xFFFFFFFF;

// Says whether three bytes may stand for U+D800 to U+DFFF: refused by RFC 3629, passed by Python's
// "surrogatepass".
enum class Surrogates { refused, passed };

// Takes a code point off the front of `text`, which must not be empty (RFC 3629: no overlong forms,
// nothing above U+10FFFF). Returns kNotUtf8 if `text` does not begin with a code point.
inline char32_t take_code_point(std::string_view& text,
                                Surrogates surrogates = Surrogates::refused) {
    const auto lead = static_cast<unsigned char>(text[0]);
    const std::size_t size = lead < 0x80   ? 1
                             : lead < 0xC2 ? 0
                             : lead < 0xE0 ? 2
                             : lead < 0xF0 ? 3
                             : lead < 0xF5 ? 4
                                           : 0;
    if (size == 0 || size > text.size()) return kNotUtf8;
    char32_t code_point = size == 1 ? lead : lead & (0x7Fu >> size);
    for (std::size_t i = 1; i < size; ++i) {
        const auto next = static_cast<unsigned char>(text[i]);
        if ((next & 0xC0) != 0x80) return kNotUtf8;
        code_point = code_point << 6 | (next & 0x3Fu);
    }
    const bool is_surrogate = code_point >= 0xD800 && code_point <= 0xDFFF;
    if (is_surrogate && surrogates == Surrogates::refused) return kNotUtf8;
    if (size == 3 && code_point < 0x800) return kNotUtf8;
    if (size == 4 && (code_point < 0x10000 || code_point > 0x10FFFF)) return kNotUtf8;
    text.remove_prefix(size);
    return code_point;
}

inline bool is_ascii(std::string_view text) {
    unsigned char seen = 0;  // no early end, so that the compiler takes many bytes at a time
    for (const char c : text) seen |= static_cast<unsigned char>(c);
    return seen < 0x80;
}

inline bool is_utf8_or_surrogates(std::string_view text) {
    if (is_ascii(text)) return true;
    while (!text.empty()) {
        if (take_code_point(text, Surrogates::passed) == kNotUtf8) return false;
    }
    return true;
}

}  // namespace mailslot
