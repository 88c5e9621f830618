// Text from a user, a script or the network: as an address, as an IP address, and as text to fold.
#include <cstddef>
#include <cstdint>
#include <string_view>

#include "base/check.h"
#include "model/address.h"
#include "model/fold.h"
#include "model/limits.h"

namespace {

using namespace mailslot;

void check_fold(std::string_view text) {
    const auto once = fold(text);
    MAILSLOT_CHECK(once.has_value() == is_utf8(text));
    if (!once) return;
    MAILSLOT_CHECK(fold(*once) == once);
    MAILSLOT_CHECK(utf16_units(*once) == utf16_units(text));
}

void check_ip_address(std::string_view text) {
    const auto address = parse_ip_address(text);
    if (address) MAILSLOT_CHECK(parse_ip_address(to_string(*address)) == address);
}

void check_address(std::string_view text) {
    const auto address = parse_address(text);
    const auto name = parse_reader_name(text);
    if (!address) {
        MAILSLOT_CHECK(!name && name.error().code == address.error().code);
        MAILSLOT_CHECK(!address.error().detail.empty() && is_utf8(address.error().detail));
        return;
    }
    MAILSLOT_CHECK(name.has_value() == (address->place == Place::here));

    const std::string printed = to_string(*address);
    MAILSLOT_CHECK(utf16_units(printed) <= kMaxAddressUnits);
    MAILSLOT_CHECK(printed.find('/') == std::string::npos &&
                   printed.find('\0') == std::string::npos);
    const auto back = parse_address(printed);
    MAILSLOT_CHECK(back && to_string(*back) == printed);
    MAILSLOT_CHECK(back->place == address->place && back->place_text == address->place_text);
    MAILSLOT_CHECK(back->place_key == address->place_key && back->ip == address->ip);
    MAILSLOT_CHECK(back->slot == address->slot && back->slot.text == address->slot.text);

    const auto folded = parse_address(*fold(text));
    MAILSLOT_CHECK(folded && folded->slot == address->slot &&
                   folded->place_key == address->place_key);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    const std::string_view text(reinterpret_cast<const char*>(data), size);
    check_fold(text);
    check_ip_address(text);
    check_address(text);
    return 0;
}
