#include "model/fold.h"

#include <algorithm>
#include <cstdint>
#include <iterator>

#include "base/utf8.h"

namespace mailslot {
namespace {

struct FoldRow {  // every `step`th code point from first to last maps to itself plus delta
    std::uint32_t first, last;
    std::uint8_t step;
    std::int32_t delta;
};

#include "model/fold_table.inc"

constexpr bool is_ascii(char c) { return static_cast<unsigned char>(c) < 0x80; }

constexpr char fold_ascii(char c) {
    return c >= 'a' && c <= 'z' ? static_cast<char>(c - 'a' + 'A') : c;
}

void append_utf8(std::string& text, char32_t code_point) {
    const auto tail = [&](int shift) {
        text += static_cast<char>(0x80 | ((code_point >> shift) & 0x3F));
    };
    if (code_point < 0x80) {
        text += static_cast<char>(code_point);
    } else if (code_point < 0x800) {
        text += static_cast<char>(0xC0 | code_point >> 6);
        tail(0);
    } else if (code_point < 0x10000) {
        text += static_cast<char>(0xE0 | code_point >> 12);
        tail(6), tail(0);
    } else {
        text += static_cast<char>(0xF0 | code_point >> 18);
        tail(12), tail(6), tail(0);
    }
}

}  // namespace

char32_t fold(char32_t code_point) {
    const auto* row = std::lower_bound(
        std::begin(kFoldRows), std::end(kFoldRows), code_point,
        [](const FoldRow& candidate, char32_t wanted) { return candidate.last < wanted; });
    if (row == std::end(kFoldRows) || code_point < row->first) return code_point;
    if ((code_point - row->first) % row->step != 0) return code_point;
    return static_cast<char32_t>(static_cast<std::int64_t>(code_point) + row->delta);
}

std::optional<std::string> fold(std::string_view utf8) {
    std::string folded;
    folded.reserve(utf8.size());
    while (!utf8.empty()) {
        if (is_ascii(utf8[0])) {
            folded += fold_ascii(utf8[0]);
            utf8.remove_prefix(1);
            continue;
        }
        const char32_t code_point = take_code_point(utf8);
        if (code_point == kNotUtf8) return std::nullopt;
        append_utf8(folded, fold(code_point));
    }
    return folded;
}

bool is_utf8(std::string_view text) {
    if (is_ascii(text)) return true;
    while (!text.empty()) {
        if (take_code_point(text) == kNotUtf8) return false;
    }
    return true;
}

std::size_t utf16_units(std::string_view utf8) {
    std::size_t units = 0;
    for (const char c : utf8) {
        const auto byte = static_cast<unsigned char>(c);
        if ((byte & 0xC0) != 0x80) units += byte >= 0xF0 ? 2 : 1;  // counted at the first byte
    }
    return units;
}

}  // namespace mailslot
