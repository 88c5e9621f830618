#include "wire/classic_text.h"

#include <array>
#include <cstdint>
#include <cstdio>
#include <string_view>

namespace mailslot::wire {
namespace {

constexpr char32_t kReplacement = 0xfffd;
constexpr std::size_t kMaxNameBytes = 255;  // RFC 1035 section 2.3.4
constexpr std::uint8_t kPointer = 0xc0;     // a length with these bits is a pointer

std::string printable(std::string_view text) {
    std::string out;
    std::array<char, 5> number{};
    for (const char c : text) {
        if (c >= ' ' && c < 0x7f) {
            out += c;
            continue;
        }
        std::snprintf(number.data(), number.size(), "\\x%02x", static_cast<unsigned char>(c));
        out += number.data();
    }
    return out;
}

void append_utf8(std::string& out, char32_t c) {
    const auto put = [&out](char32_t byte) { out += static_cast<char>(byte); };
    if (c < 0x80) {
        put(c);
    } else if (c < 0x800) {
        put(0xc0 | c >> 6);
        put(0x80 | (c & 0x3f));
    } else if (c < 0x10000) {
        put(0xe0 | c >> 12);
        put(0x80 | (c >> 6 & 0x3f));
        put(0x80 | (c & 0x3f));
    } else {
        put(0xf0 | c >> 18);
        put(0x80 | (c >> 12 & 0x3f));
        put(0x80 | (c >> 6 & 0x3f));
        put(0x80 | (c & 0x3f));
    }
}

bool is_high(std::uint16_t unit) { return (unit & 0xfc00) == 0xd800; }
bool is_low(std::uint16_t unit) { return (unit & 0xfc00) == 0xdc00; }

}  // namespace

std::string take_text(ByteReader& in) {
    const std::string_view rest = as_text(in.rest());
    const std::size_t zero = rest.find('\0');
    std::string text = printable(rest.substr(0, zero));
    in.take(zero == rest.npos ? rest.size() : zero + 1);
    return text;
}

std::string take_padded_text(ByteReader& in, std::size_t bytes) {
    const std::string_view all = as_text(in.take(bytes));
    return printable(all.substr(0, all.find('\0')));
}

std::string take_wide_text(ByteReader& in) {
    std::string text;
    std::uint16_t high = 0;
    while (true) {
        const std::uint16_t unit = in.u16le();
        const bool makes_pair = high != 0 && is_low(unit);
        if (high != 0 && !makes_pair) append_utf8(text, kReplacement);
        if (!in.ok() || unit == 0) return text;
        if (makes_pair) {
            append_utf8(text, 0x10000 + ((high & 0x3ffu) << 10 | (unit & 0x3ffu)));
        } else if (is_low(unit) || unit < 0x20 || unit == 0x7f) {
            append_utf8(text, kReplacement);
        } else if (!is_high(unit)) {
            append_utf8(text, unit);
        }
        high = is_high(unit) ? unit : std::uint16_t{0};
    }
}

std::string take_compressed_name(Bytes message, ByteReader& in) {
    std::string name;
    std::size_t bytes = 0;
    std::size_t before = message.size() - in.left();  // pointers must lead to before this place
    ByteReader labels = in;
    bool is_elsewhere = false;  // a pointer was followed: `in` is past the name already
    const auto fail = [&in] {
        in.take(in.left() + 1);
        return std::string();
    };
    while (true) {
        const std::uint8_t length = labels.u8();
        const std::uint8_t low = length >= kPointer ? labels.u8() : std::uint8_t{0};
        const std::string_view label =
            as_text(labels.take(length < kPointer ? length : std::size_t{0}));
        bytes += length < kPointer ? 1 + label.size() : std::size_t{0};
        const bool is_reserved = (length & kPointer) != 0 && length < kPointer;
        if (!labels.ok() || is_reserved || bytes > kMaxNameBytes) return fail();
        if (!is_elsewhere) in = labels;
        if (length == 0) return name;
        if (length < kPointer) {
            (name += name.empty() ? "" : ".") += printable(label);
            continue;
        }
        const std::size_t place = std::size_t{length & 0x3fu} << 8 | low;
        if (place >= before) return fail();
        before = place;
        is_elsewhere = true;
        labels = ByteReader(message.subspan(place));
    }
}

std::string quoted(const std::string& text) {
    std::string out = "\"";
    for (const char c : text) {
        if (c == '"') out += '\\';
        out += c;
    }
    return out += '"';
}

}  // namespace mailslot::wire
