#include "mailslot/json_line.h"

#include <algorithm>
#include <charconv>
#include <cstring>
#include <span>

#include "base/hex.h"
#include "base/utf8.h"
#include "base/visible_text.h"
#include "model/fold.h"
#include "model/trust.h"

namespace mailslot::cli {
namespace {

constexpr char kHex[] = "0123456789abcdef";

void append_number(std::string& out, std::uint64_t number) {
    char digits[20];
    const auto end = std::to_chars(digits, digits + sizeof digits, number).ptr;
    out.append(digits, end);
}

// Writes digits with leading zeroes. Returns their end.
char* put_digits(char* to, std::uint32_t number, int count) {
    for (int i = count; i-- > 0; number /= 10) to[i] = static_cast<char>('0' + number % 10);
    return to + count;
}

bool needs_escape(unsigned char c) { return c < 0x20 || c == '"' || c == '\\' || c == 0x7f; }

void append_escaped(std::string& out, unsigned char c) {
    switch (c) {
        case '"':
            out += "\\\"";
            return;
        case '\\':
            out += "\\\\";
            return;
        case '\n':
            out += "\\n";
            return;
        case '\r':
            out += "\\r";
            return;
        case '\t':
            out += "\\t";
            return;
        default:
            out += "\\u00";
            out += kHex[c >> 4];
            out += kHex[c & 15];
    }
}

// Eight bytes a step, because nearly every string of a log has few bytes that need escapes.
constexpr std::uint64_t kHighBits = 0x8080808080808080;
constexpr std::uint64_t kOnes = 0x0101010101010101;

// Returns nonzero if any of eight bytes is a control character, a quote or a backslash. The result
// is meaningless for bytes above 0x7f.
std::uint64_t escapes_of(std::uint64_t word) {
    const auto has_zero = [](std::uint64_t x) { return (x - kOnes) & ~x & kHighBits; };
    return ((word - kOnes * 0x20) & ~word & kHighBits) | has_zero(word ^ kOnes * '"') |
           has_zero(word ^ kOnes * '\\') | has_zero(word ^ kOnes * 0x7f);
}

std::uint64_t word_at(const char* text) {
    std::uint64_t word;
    std::memcpy(&word, text, 8);
    return word;
}

// Returns whether the text needs no escapes: ASCII without control characters, quotes
// and backslashes.
bool is_plain(std::string_view text) {
    std::uint64_t odd = 0;
    for (; text.size() >= 8; text.remove_prefix(8)) {
        const std::uint64_t word = word_at(text.data());
        odd |= (word & kHighBits) | escapes_of(word);
    }
    for (const char c : text)
        odd |= static_cast<unsigned char>(c) >= 0x80 || needs_escape(static_cast<unsigned char>(c));
    return odd == 0;
}

// Returns whether the byte may begin a control character above U+007F: C1, U+061C, or in U+2000
// to U+2FFF.
bool may_begin_control(unsigned char c) { return c == 0xc2 || c == 0xd8 || c == 0xe2; }

// Returns nonzero if any of eight bytes may begin a control character or needs an escape.
std::uint64_t oddities_of(std::uint64_t word) {
    const auto has = [word](std::uint64_t byte) {
        const std::uint64_t x = word ^ (kOnes * byte);
        return (x - kOnes) & ~x & kHighBits;
    };
    return escapes_of(word) | has(0xc2) | has(0xd8) | has(0xe2);
}

// Returns how many bytes of UTF-8 at `at` make a character that must be escaped, or 0.
std::size_t odd_bytes(std::string_view text, std::size_t at) {
    const auto c = static_cast<unsigned char>(text[at]);
    if (needs_escape(c)) return 1;
    if (!may_begin_control(c)) return 0;
    std::string_view rest = text.substr(at);
    const char32_t code_point = take_code_point(rest);
    return is_control(code_point) ? text.size() - at - rest.size() : 0;
}

void append_escape(std::string& out, std::string_view character) {
    if (character.size() == 1) return append_escaped(out, static_cast<unsigned char>(character[0]));
    const char32_t code_point = take_code_point(character);
    out += "\\u";
    for (int shift = 12; shift >= 0; shift -= 4) out += kHex[code_point >> shift & 15];
}

// Quotes text that is known to be UTF-8 but not plain. Characters that a terminal would obey are
// escaped, too: programs read the same text, and people look at JSON on terminals.
void append_escaped_utf8(std::string& out, std::string_view text) {
    out += '"';
    std::size_t start = 0, i = 0;
    while (i < text.size()) {
        if (text.size() - i >= 8 && oddities_of(word_at(text.data() + i)) == 0) {
            i += 8;
            continue;
        }
        const std::size_t end = std::min(i + 8, text.size());
        while (i < end) {
            const std::size_t odd = odd_bytes(text, i);
            if (odd > 0) {
                out.append(text, start, i - start);
                append_escape(out, text.substr(i, odd));
                start = i + odd;
            }
            i += std::max<std::size_t>(odd, 1);
        }
    }
    out.append(text, start);
    out += '"';
}

// Quotes text with `key` before it, if the text is UTF-8. Appends nothing otherwise.
bool append_if_utf8(std::string& out, std::string_view key, std::string_view text) {
    if (is_plain(text)) {
        out += key;
        out += '"';
        out += text;
        out += '"';
        return true;
    }
    if (!is_utf8(text)) return false;
    out += key;
    append_escaped_utf8(out, text);
    return true;
}

}  // namespace

void append_json_string(std::string& out, std::string_view text) {
    if (append_if_utf8(out, "", text)) return;
    std::string repaired;
    for (const char c : text) {
        if (static_cast<unsigned char>(c) < 0x80)
            repaired += c;
        else
            repaired += "\xef\xbf\xbd";
    }
    append_escaped_utf8(out, repaired);
}

void append_base64(std::string& out, std::string_view bytes) {
    constexpr char kAlphabet[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    const auto at = [&](std::size_t i) -> std::uint32_t {
        return i < bytes.size() ? static_cast<unsigned char>(bytes[i]) : 0;
    };
    out.reserve(out.size() + (bytes.size() + 2) / 3 * 4);
    for (std::size_t i = 0; i < bytes.size(); i += 3) {
        const std::uint32_t three = at(i) << 16 | at(i + 1) << 8 | at(i + 2);
        out += kAlphabet[three >> 18];
        out += kAlphabet[three >> 12 & 63];
        out += i + 1 < bytes.size() ? kAlphabet[three >> 6 & 63] : '=';
        out += i + 2 < bytes.size() ? kAlphabet[three & 63] : '=';
    }
}

void append_origin(std::string& out, std::uint64_t origin) { append_hex(out, origin); }

void append_utc(std::string& out, std::chrono::system_clock::time_point time) {
    using namespace std::chrono;
    const auto day = floor<days>(time);
    const year_month_day date{day};
    const auto micros = static_cast<std::uint64_t>((floor<microseconds>(time) - day).count());
    const auto second = static_cast<std::uint32_t>(micros / 1'000'000);
    const auto fraction = static_cast<std::uint32_t>(micros % 1'000'000);
    const struct {
        std::uint32_t number;
        int digits;
        char after;
    } parts[] = {{static_cast<std::uint32_t>(static_cast<int>(date.year())), 4, '-'},
                 {static_cast<unsigned>(date.month()), 2, '-'},
                 {static_cast<unsigned>(date.day()), 2, 'T'},
                 {second / 3600, 2, ':'},
                 {second / 60 % 60, 2, ':'},
                 {second % 60, 2, '.'},
                 {fraction, 6, 'Z'}};
    char text[27];
    char* end = text;
    for (const auto& part : parts) {
        end = put_digits(end, part.number, part.digits);
        *end++ = part.after;
    }
    out.append(text, end);
}

void append_labels(std::string& out, std::span<const Label> labels) {
    char before = '{';
    out += ",\"labels\":";
    for (const Label& label : labels) {
        out += before;
        before = ',';
        append_json_string(out, label.name);
        out += ':';
        append_json_string(out, label.value);
    }
    out += '}';
}

void append_json_line(std::string& out, const ShownMessage& message) {
    out += "{\"slot\":";
    append_json_string(out, message.slot);
    if (message.format != Format::text || !append_if_utf8(out, ",\"text\":", message.data)) {
        out += ",\"base64\":\"";
        append_base64(out, message.data);
        out += '"';
        if (message.record) append_if_utf8(out, ",\"text\":", *message.record);
    }
    if (!message.literal.empty()) {
        out += ",\"value\":";
        append_json_string(out, message.literal);
    }
    if (!message.decoded.empty()) {
        out += ",\"decoded\":";
        append_json_string(out, message.decoded);
    }
    out += ",\"bytes\":";
    append_number(out, message.data.size());
    out += ",\"from_host\":";
    append_json_string(out, message.from_host);
    out += ",\"from_address\":";
    append_json_string(out, message.from_address);
    out += ",\"origin\":\"";
    append_origin(out, message.origin);
    out += "\",\"sequence\":";
    append_number(out, message.sequence);
    out += ",\"sent_at\":\"";
    append_utc(out, message.sent_at);
    out += "\",\"trust\":\"";
    out += word_of(message.trust);
    out += "\",\"lost_before\":";
    append_number(out, message.lost_before);
    if (!message.labels.empty()) append_labels(out, message.labels);
    out += "}\n";
}

std::string& JsonObject::value(std::string_view key) {
    if (!first_) out_ += ',';
    first_ = false;
    append_json_string(out_, key);
    out_ += ':';
    return out_;
}

JsonObject& JsonObject::add(std::string_view key, std::string_view text) {
    append_json_string(value(key), text);
    return *this;
}

JsonObject& JsonObject::add(std::string_view key, std::uint64_t number) {
    append_number(value(key), number);
    return *this;
}

JsonObject& JsonObject::add_null(std::string_view key) {
    value(key) += "null";
    return *this;
}

}  // namespace mailslot::cli
