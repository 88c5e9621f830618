#include "model/address.h"

#include <vector>

#include "base/visible_text.h"
#include "model/fold.h"
#include "model/host_names.h"
#include "model/limits.h"

namespace mailslot {
namespace {

constexpr std::string_view kSeparators = "\\/";
constexpr std::string_view kWord = "mailslot", kWordKey = "MAILSLOT";
constexpr std::size_t kMaxPlaceBytes = 255;  // the wire has one byte for its length
// Keeps a name in an error's detail on a single line.
constexpr std::size_t kMaxQuotedBytes = 100;

bool is_separator(char c) { return kSeparators.find(c) != std::string_view::npos; }

// Returns `text` in quotes, fit to be shown: cut short, and without control characters.
std::string quoted(std::string_view text) {
    const bool is_cut = text.size() > kMaxQuotedBytes;
    if (is_cut) {
        std::size_t end = kMaxQuotedBytes;
        while (end > 0 && (static_cast<unsigned char>(text[end]) & 0xC0) == 0x80) --end;
        text = text.substr(0, end);
    }
    std::string shown = "\"";
    append_visible(shown, text);
    return shown + (is_cut ? "…\"" : "\"");
}

Error bad_name(std::string_view text, std::string_view why) {
    return Error{Errc::bad_name, "parse", 0, quoted(text) + ' ' + std::string(why)};
}

Error too_long(std::string_view text, std::string_view why) {
    return Error{Errc::name_too_long, "parse", 0, quoted(text) + ' ' + std::string(why)};
}

// An address split at its separators, not checked yet.
struct Parts {
    std::string_view place = ".";
    std::string_view name;
    bool is_bare = false;
};

// Takes the text before the next separator, and removes both.
std::string_view take_part(std::string_view& rest) {
    const std::size_t end = std::min(rest.find_first_of(kSeparators), rest.size());
    const std::string_view part = rest.substr(0, end);
    rest.remove_prefix(std::min(end + 1, rest.size()));
    return part;
}

// Also true for a letter that folds to one of A to Z: a dotless i would make a name whose folded
// form nobody can write.
bool is_drive_path(std::string_view text) {
    const std::size_t colon = text.substr(0, 4).find(':');
    if (colon == std::string_view::npos || colon + 1 >= text.size()) return false;
    if (!is_separator(text[colon + 1])) return false;
    const auto drive = fold(text.substr(0, colon));
    return drive && drive->size() == 1 && (*drive)[0] >= 'A' && (*drive)[0] <= 'Z';
}

Result<Parts> split(std::string_view text) {
    if (is_drive_path(text)) return bad_name(text, "is a path on a drive, not a mailslot");
    if (!is_separator(text[0])) return Parts{.name = text, .is_bare = true};
    if (text.size() < 2 || !is_separator(text[1])) {
        return bad_name(text,
                        "begins with one separator: an address begins with two (in a shell, put it "
                        "between single quotes)");
    }
    std::string_view rest = text.substr(2);
    Parts parts;
    parts.place = take_part(rest);
    if (parts.place.empty())
        return bad_name(text, "has no place between the separators at its start");
    // Skips further separators: a widely used Delphi client writes \\.\\mailslot\x by default.
    rest.remove_prefix(std::min(rest.find_first_not_of(kSeparators), rest.size()));
    if (fold(take_part(rest)) != kWordKey)
        return bad_name(text, "is not a mailslot: the second part must be \"mailslot\"");
    parts.name = rest;
    return parts;
}

void strip_dots_and_blanks(std::string& part) { part.resize(part.find_last_not_of(". ") + 1); }

// Returns the name with `\` for `/`, and with `.`, `..` and empty parts resolved. `text` is the
// whole address, for error messages.
Result<std::string> resolve_name(std::string_view text, const Parts& parts) {
    std::vector<std::string> resolved;
    for (std::string_view rest = parts.name; !rest.empty();) {
        const std::string_view part = take_part(rest);
        if (part.empty() || part == ".") continue;
        if (part != "..") {
            resolved.emplace_back(part);
        } else if (resolved.empty()) {
            return bad_name(text, "climbs out of the mailslots: too many \"..\"");
        } else {
            resolved.pop_back();
        }
    }
    if (resolved.empty()) return bad_name(text, "names no slot: its last part is missing");
    if (is_separator(parts.name.back())) return bad_name(text, "ends in a separator");
    if (parts.place != "?") strip_dots_and_blanks(resolved.back());
    if (resolved.back().empty()) return bad_name(text, "ends in a part of dots and blanks only");

    std::string name;
    for (const std::string& part : resolved) name += (name.empty() ? "" : "\\") + part;
    return name;
}

bool has_control_character(std::string_view utf8) {
    for (std::size_t i = 0; i < utf8.size(); ++i) {
        const auto byte = static_cast<unsigned char>(utf8[i]);
        if (byte < 0x20 || byte == 0x7F) return true;
        if (byte == 0xC2 && static_cast<unsigned char>(utf8[i + 1]) < 0xA0)
            return true;  // U+0080 to U+009F
    }
    return false;
}

Result<void> set_remote_place(Address& address, std::string_view text, std::string_view place) {
    if (has_control_character(place)) return bad_name(text, "has a control character in its place");
    if (place == "..") return bad_name(text, "names the place \"..\"; this machine is \".\"");
    address.place_text = place;
    if (const auto ip = parse_ip_address(place)) {
        if (!ip->is_unicast()) {
            return bad_name(text,
                            "names a place that no machine can have (0.0.0.0, a group, a broadcast "
                            "address); all machines are \"*\"");
        }
        address.place = Place::ip;
        address.ip = *ip;
        address.place_key = *fold(to_string(*ip));
        return {};
    }
    if (place.find(':') != std::string_view::npos) {
        return bad_name(text,
                        "names a place with a colon that is not an IPv6 address (write the "
                        "interface of a link-local address as a number: fe80::1%3)");
    }
    address.place = Place::named;
    address.place_key = host_key(place);
    if (std::max(address.place_text.size(), address.place_key.size()) > kMaxPlaceBytes)
        return too_long(text, "names a place of more than 255 bytes");
    return {};
}

Result<void> set_place(Address& address, std::string_view text, std::string_view place) {
    if (place == "." || place == "?") {
        address.place_text = address.place_key = ".";
    } else if (place == "*") {
        address.place = Place::everybody;
        address.place_text = address.place_key = "*";
    } else {
        return set_remote_place(address, text, place);
    }
    return {};
}

}  // namespace

Result<Address> parse_address(std::string_view text) {
    if (text.empty()) return Error{Errc::bad_name, "parse", 0, "the name is empty"};
    if (!is_utf8(text)) return Error{Errc::bad_name, "parse", 0, "the name is not valid UTF-8"};
    if (text.find('\0') != std::string_view::npos)
        return bad_name(text, "contains a zero character");

    const Result<Parts> parts = split(text);
    if (!parts) return parts.error();
    Address address;
    if (auto placed = set_place(address, text, parts->place); !placed) return placed.error();
    Result<std::string> name = resolve_name(text, *parts);
    if (!name) return name.error();
    address.slot.text = std::move(*name);

    const std::size_t units = utf16_units(to_string(address));
    if (units > kMaxAddressUnits) {
        return too_long(text, "has " + std::to_string(units) +
                                  " characters as a full address; at most " +
                                  std::to_string(kMaxAddressUnits) + " are allowed");
    }
    address.slot.key = *fold(address.slot.text);
    if (parts->is_bare && address.slot.key.starts_with(std::string(kWordKey) + '\\'))
        return bad_name(text,
                        R"(is not complete: write \\.\ before "mailslot", or the name alone)");
    return address;
}

Result<SlotName> parse_reader_name(std::string_view text) {
    Result<Address> address = parse_address(text);
    if (!address) {
        Error wrong = address.error();
        if (wrong.code == Errc::bad_name) wrong.step = "own name";
        return wrong;
    }
    if (address->place != Place::here) {
        Error remote = bad_name(text, "is not on this machine");
        remote.step = "reader name";
        return remote;
    }
    return std::move(address->slot);
}

std::string to_string(const Address& address) {
    // A name that \\.\ would strip can only be reached through \\?\ .
    const std::string& name = address.slot.text;
    const bool is_verbatim =
        address.place == Place::here && (name.ends_with('.') || name.ends_with(' '));
    std::string text = "\\\\";
    text += is_verbatim ? "?" : address.place_text;
    ((text += '\\') += kWord) += '\\';
    return text += name;
}

}  // namespace mailslot
