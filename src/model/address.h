// Addresses of messages: \\PLACE\mailslot\NAME. Rules: docs/names.md.
#pragma once

#include <string>
#include <string_view>

#include "mailslot/result.h"
#include "model/ip_address.h"

namespace mailslot {

// The last part of an address: a flat name.
struct SlotName {
    std::string text;  // as written, separators made `\`, `.` and `..` resolved
    std::string key;   // `text` folded: equal keys mean the same slot
    bool operator==(const SlotName& other) const { return key == other.key; }
};

enum class Place : std::uint8_t {
    here,       // \\.\ or \\?\ or a bare name: this machine, and a reader must be there
    everybody,  // \\*\ .
    named,      // a host or a domain, as configuration and resolver decide
    ip,         // an IPv4 or IPv6 literal
};

struct Address {
    Place place = Place::here;
    std::string place_text;  // as written: "FILESRV"; "." for here, "*" for everybody
    std::string place_key;   // folded; of a host or domain: its host_key()
    IpAddress ip{};          // Place::ip only
    SlotName slot;
};

// Errors: bad_name, name_too_long; `detail` names the offending part
Result<Address> parse_address(std::string_view text);

// Parses a reader's name: an address whose place is `here`.
// Errors: bad_name (also for a remote place), name_too_long
Result<SlotName> parse_reader_name(std::string_view text);

std::string to_string(const Address& address);  // canonical: \\PLACE\mailslot\NAME

}  // namespace mailslot
