// The first byte chooses a slot, the rest is a message to that slot. In words any message is a
// single line.
#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <span>

#include "base/check.h"
#include "base/utf8.h"
#include "model/fold.h"
#include "wire/well_known_slots.h"

using namespace mailslot;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    constexpr const char* kSlots[] = {"BROWSE", "MESSNGR", "NET\\NETLOGON"};
    if (size == 0) return 0;
    const Bytes payload = std::as_bytes(std::span(data + 1, size - 1));
    const auto words = wire::describe_message(kSlots[data[0] % std::size(kSlots)], payload);
    if (!words) return 0;
    MAILSLOT_CHECK(!words->empty() && is_utf8(*words));
    MAILSLOT_CHECK(std::ranges::none_of(
        *words, [](char c) { return static_cast<unsigned char>(c) < ' ' || c == 0x7f; }));
    // A backslash, a quote or U+FFFD in place of an unprintable byte takes at most four bytes.
    // Seven names may be compressed, each of at most 255 bytes.
    MAILSLOT_CHECK(words->size() <= 4 * (size + 7 * 255) + 200);
    return 0;
}
