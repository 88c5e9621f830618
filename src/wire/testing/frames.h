// Envelopes to encode, and the decoder's verdict on a frame.
#pragma once

#include <gtest/gtest.h>

#include <array>
#include <string>
#include <string_view>
#include <vector>

#include "wire/frame.h"
#include "wire/testing/decode_messages.h"

namespace mailslot::wire {

using Buffer = std::array<std::byte, kMaxFrameBytes + 1>;

inline Envelope a_message(std::uint64_t sequence = 1, std::string_view text = "x") {
    Envelope e;
    e.slot = "LISTENER";
    e.from_host = "alpha";
    e.sequence = sequence;
    e.sent_at_us = 1000;
    e.payload = as_bytes(text);
    return e;
}

inline Envelope a_fragment() {
    Envelope e = a_message();
    e.kind = Kind::fragment;
    e.total_bytes = 3;
    e.chunk_bytes = 1;
    return e;
}

// Returns the step at which the datagram is refused; empty if it is accepted.
inline std::string step_of(Bytes datagram) {
    std::vector<Envelope> out;
    const Result<void> result = decode_messages(datagram, out);
    if (result) return "";
    EXPECT_EQ(result.error().code, Errc::bad_packet);
    EXPECT_TRUE(out.empty());
    return result.error().step;
}

}  // namespace mailslot::wire
