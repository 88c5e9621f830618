// Any bytes into decode_value. An accepted value has a single encoding that means the same. A
// printed value keeps to its limit and to characters safe for a terminal.
#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <string>

#include "base/bytes.h"
#include "base/check.h"
#include "mailslot/value.h"
#include "model/fold.h"
#include "wire/winsys_record.h"

using namespace mailslot;

namespace {

// Returns a bound of the encoding's size: references are written out, and short forms in full.
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

void check_record(Bytes bytes) {
    for (const Format format : {Format::bytes, Format::text, Format::value, Format::unknown}) {
        const auto record = wire::winsys_record(bytes, format);
        if (!record) continue;
        MAILSLOT_CHECK(format != Format::text && is_utf8(record->text));
        MAILSLOT_CHECK(record->text.size() < bytes.size() &&
                       (!record->is_end || record->text.empty()));
    }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    const Bytes bytes = std::as_bytes(std::span(data, size));
    for (const std::size_t limit : {3u, 40u, 1000u}) check_text(bytes, limit);
    check_record(bytes);
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
