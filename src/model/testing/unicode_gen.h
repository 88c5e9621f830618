// Random well-formed UTF-8 for property tests.
#pragma once

#include <rapidcheck.h>

#include <string>

namespace mailslot::testing {

inline std::string utf8(char32_t c) {
    const auto byte = [](char32_t value) { return static_cast<char>(value); };
    const auto tail = [&](int shift, char32_t value) {
        return byte(0x80 | (value >> shift & 0x3F));
    };
    if (c < 0x80) return {byte(c)};
    if (c < 0x800) return {byte(0xC0 | c >> 6), tail(0, c)};
    if (c < 0x10000) return {byte(0xE0 | c >> 12), tail(6, c), tail(0, c)};
    return {byte(0xF0 | c >> 18), tail(12, c), tail(6, c), tail(0, c)};
}

// Half of the code points are ASCII, because the rules of names concern ASCII. Never a surrogate.
inline rc::Gen<char32_t> any_code_point() {
    const auto from = [](char32_t first, char32_t end) { return rc::gen::inRange(first, end); };
    return rc::gen::weightedOneOf<char32_t>({{4, from(0x20, 0x7F)},
                                             {2, from(0x80, 0x590)},
                                             {1, from(0x590, 0xD800)},
                                             {1, from(0xE000, 0x110000)}});
}

// Adds the characters that the rules mention, often enough to occur together.
inline rc::Gen<char32_t> name_code_point() {
    return rc::gen::weightedOneOf<char32_t>(
        {{2, any_code_point()},
         {1, rc::gen::element<char32_t>(U'\\', U'/', U'.', U' ', U'?', U'*', U':')}});
}

inline rc::Gen<std::string> text_of(const rc::Gen<char32_t>& code_point) {
    return rc::gen::map(rc::gen::container<std::u32string>(code_point),
                        [](const std::u32string& points) {
                            std::string text;
                            for (const char32_t c : points) text += utf8(c);
                            return text;
                        });
}

}  // namespace mailslot::testing
