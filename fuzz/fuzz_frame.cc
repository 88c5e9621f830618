// Any bytes into decode_frame: what it takes must encode to the same bytes again.
#include <array>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <vector>

#include "base/check.h"
#include "wire/frame.h"

using namespace mailslot;

namespace {

std::array<std::byte, wire::kMaxFrameBytes> buffer;

Bytes encode(const std::vector<Envelope>& envelopes) {
    if (envelopes.front().kind != Kind::message) {
        return wire::encode_single(buffer, envelopes.front());
    }
    wire::FrameWriter writer(buffer, envelopes.front());
    for (const Envelope& message : envelopes) MAILSLOT_CHECK(writer.add(message));
    return writer.finish();
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    const Bytes datagram = std::as_bytes(std::span(data, size));
    std::vector<Envelope> envelopes;
    if (!wire::decode_frame(datagram, envelopes)) {
        MAILSLOT_CHECK(envelopes.empty());
        return 0;
    }
    MAILSLOT_CHECK(!envelopes.empty() && envelopes.size() <= wire::kMaxFrameMessages);
    const Bytes again = encode(envelopes);
    MAILSLOT_CHECK(again.size() == size && std::memcmp(again.data(), data, size) == 0);
    return 0;
}
