#include "wire/netbios_name.h"

#include <algorithm>
#include <cstdio>
#include <span>

namespace mailslot::wire {
namespace {

constexpr std::uint8_t kLettersBytes = 32;
constexpr std::uint8_t kPointerBits = 0xc0;
constexpr std::size_t kMaxLabelBytes = 63;

Error bad_name() { return Error{Errc::bad_packet, "name"}; }

char to_upper(char c) { return c >= 'a' && c <= 'z' ? static_cast<char>(c - 'a' + 'A') : c; }

bool may_be_in_a_name(char c) {
    return c > ' ' && c < 0x7f && std::string_view("\\/*?<>|:\"").find(c) == std::string_view::npos;
}

// Decodes the 32 letters of the first label. Returns false if they are not such letters.
bool decode_letters(Bytes letters, NetbiosName& name) {
    if (letters.size() != kLettersBytes) return false;
    for (std::size_t i = 0; i < name.bytes.size(); ++i) {
        const unsigned high = std::to_integer<unsigned>(letters[2 * i]) - 'A';
        const unsigned low = std::to_integer<unsigned>(letters[2 * i + 1]) - 'A';
        if (high > 15 || low > 15) return false;
        name.bytes[i] = static_cast<char>(high << 4 | low);
    }
    return true;
}

bool is_scope_label(std::string_view label) {
    return !label.empty() && label.size() <= kMaxLabelBytes && label.find('.') == label.npos &&
           label.find('\0') == label.npos;
}

// Reads the labels of a name in order and follows pointers.
class LabelReader {
public:
    LabelReader(Bytes packet, std::size_t at, Pointers pointers)
        : packet_(packet), at_(at), may_jump_(pointers == Pointers::followed) {}

    // Returns an empty label at the end.
    // Errors: bad_packet.
    Result<Bytes> next() {
        if (at_ >= packet_.size()) return bad_name();
        auto size = std::to_integer<std::uint8_t>(packet_[at_]);
        if ((size & kPointerBits) == kPointerBits) {
            if (!jump()) return bad_name();
            size = std::to_integer<std::uint8_t>(packet_[at_]);
        }
        total_ += 1u + size;
        if ((size & kPointerBits) != 0 || total_ > kMaxEncodedNameBytes ||
            size > packet_.size() - at_ - 1) {
            return bad_name();
        }
        const Bytes label = packet_.subspan(at_ + 1, size);
        at_ += 1u + size;
        return label;
    }
    std::size_t end() const { return end_ != 0 ? end_ : at_; }

private:
    bool jump() {
        if (!may_jump_ || packet_.size() - at_ < 2) return false;
        const std::size_t to = load_u16be(&packet_[at_]) & 0x3fffu;
        if (to >= at_) return false;
        end_ = at_ + 2;
        at_ = to;
        may_jump_ = false;
        return true;
    }

    Bytes packet_;
    std::size_t at_;
    std::size_t end_ = 0;  // after the first pointer, if any was followed
    std::size_t total_ = 0;
    bool may_jump_;
};

}  // namespace

std::string_view NetbiosName::text() const {
    const std::string_view all(bytes.data(), kNetbiosNameBytes);
    const auto last = all.find_last_not_of(std::string_view(" \0", 2));
    return all.substr(0, last == all.npos ? 0 : last + 1);
}

bool NetbiosName::is_wildcard() const { return *this == wildcard_name(); }

NetbiosName wildcard_name() {
    NetbiosName name;
    name.bytes[0] = '*';
    return name;
}

std::optional<NetbiosName> make_netbios_name(std::string_view text, std::uint8_t suffix) {
    if (text.empty() || text.size() > kNetbiosNameBytes) return std::nullopt;
    if (!std::ranges::all_of(text, may_be_in_a_name)) return std::nullopt;
    NetbiosName name;
    name.bytes.fill(' ');
    std::ranges::transform(text, name.bytes.begin(), to_upper);
    name.bytes[15] = static_cast<char>(suffix);
    return name;
}

std::optional<NetbiosName> parse_netbios_name(std::string_view text) {
    const std::size_t mark = text.rfind('#');
    if (mark == text.npos) return make_netbios_name(text, suffix::kWorkstation);
    constexpr std::string_view kDigits = "0123456789ABCDEF";
    const std::string_view digits = text.substr(mark + 1);
    if (digits.size() != 2) return std::nullopt;
    const std::size_t high = kDigits.find(to_upper(digits[0]));
    const std::size_t low = kDigits.find(to_upper(digits[1]));
    if (high == kDigits.npos || low == kDigits.npos) return std::nullopt;
    return make_netbios_name(text.substr(0, mark), static_cast<std::uint8_t>(high << 4 | low));
}

std::string to_string(const NetbiosName& name) {
    std::string text;
    std::array<char, 5> number{};
    for (const char c : name.text()) {
        if (c >= ' ' && c < 0x7f) {
            text += c;
            continue;
        }
        std::snprintf(number.data(), number.size(), "\\x%02x", static_cast<unsigned char>(c));
        text += number.data();
    }
    std::snprintf(number.data(), number.size(), "#%02X", name.suffix());
    return text += number.data();
}

NetbiosName folded(const NetbiosName& name) {
    NetbiosName upper = name;
    // The suffix is a number, not a letter.
    std::transform(name.bytes.begin(), name.bytes.begin() + kNetbiosNameBytes, upper.bytes.begin(),
                   to_upper);
    return upper;
}

Result<ScopedName> decode_name(Bytes packet, std::size_t& at, Pointers pointers) {
    LabelReader labels(packet, at, pointers);
    ScopedName decoded;
    const auto letters = labels.next();
    if (!letters || !decode_letters(*letters, decoded.name)) return bad_name();
    while (true) {
        const auto label = labels.next();
        if (!label) return label.error();
        if (label->empty()) break;
        if (!is_scope_label(as_text(*label))) return bad_name();
        if (!decoded.scope.empty()) decoded.scope += '.';
        decoded.scope += as_text(*label);
    }
    at = labels.end();
    return decoded;
}

std::size_t encoded_name_bytes(std::string_view scope) {
    if (scope.empty()) return kEncodedNameBytes;
    const std::size_t total = kEncodedNameBytes + scope.size() + 1;
    if (total > kMaxEncodedNameBytes) return 0;
    for (std::size_t from = 0; from <= scope.size();) {
        const std::size_t to = std::min(scope.find('.', from), scope.size());
        if (!is_scope_label(scope.substr(from, to - from))) return 0;
        from = to + 1;
    }
    return total;
}

void encode_name(ByteWriter& out, const NetbiosName& name, std::string_view scope) {
    if (encoded_name_bytes(scope) == 0) return;
    out.u8(kLettersBytes);
    for (const char c : name.bytes) {
        const auto byte = static_cast<std::uint8_t>(c);
        out.u8(static_cast<std::uint8_t>('A' + (byte >> 4)));
        out.u8(static_cast<std::uint8_t>('A' + (byte & 15)));
    }
    for (std::size_t from = 0; from < scope.size();) {
        const std::size_t to = std::min(scope.find('.', from), scope.size());
        out.u8(static_cast<std::uint8_t>(to - from));
        out.put(scope.substr(from, to - from));
        from = to + 1;
    }
    out.u8(0);
}

}  // namespace mailslot::wire
