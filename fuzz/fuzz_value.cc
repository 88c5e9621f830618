// Any bytes into decode_value: what it takes has one encoding, which tells the same; a printed
// value keeps to its limit and to what a terminal may see.
#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <string>

#include "base/bytes.h"
#include "base/check.h"
#include "mailslot/value.h"
#include "model/fold.h"

using namespace mailslot;

namespace {

// What references may stand for, and some more for short forms that are written in full.
std::size_t most_bytes(std::size_t input) { return 5 * (input + 64 * input + 1024 * 1024); }

void check_text(Bytes bytes, std::size_t limit) {
    const auto text = value_to_text(bytes, limit);
    if (!text) return;
    MAILSLOT_CHECK(text->size() <= limit);
    MAILSLOT_CHECK(is_utf8(*text));
    const auto is_control = [](char c) {
        return static_cast<unsigned char>(c) < 0x20 || c == 0x7F;
    };
    MAILSLOT_CHECK(std::none_of(text->begin(), text->end(), is_control));
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    const Bytes bytes = std::as_bytes(std::span(data, size));
    for (const std::size_t limit : {3u, 40u, 1000u}) check_text(bytes, limit);
    std::string once;
    ValueWriter writer(once);
    const Result<void> decoded = decode_value(bytes, writer);
    MAILSLOT_CHECK(once.size() <= most_bytes(size));
    MAILSLOT_CHECK(writer.problem().empty());
    MAILSLOT_CHECK(!decoded || writer.is_whole());
    if (!decoded) {
        MAILSLOT_CHECK(decoded.error().code == Errc::bad_packet && !decoded.error().detail.empty());
        return 0;
    }
    std::string again;
    ValueWriter second(again);
    MAILSLOT_CHECK(decode_value(as_bytes(once), second) && second.is_whole());
    MAILSLOT_CHECK(again == once);
    return 0;
}
