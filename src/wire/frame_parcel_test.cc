// Frames decoded into a parcel; frame_test.cc decodes into single envelopes.
#include <gtest/gtest.h>

#include <array>
#include <vector>

#include "wire/frame.h"

namespace mailslot::wire {
namespace {

Envelope message(std::uint64_t sequence, std::string_view text) {
    Envelope envelope;
    envelope.slot = "LISTENER";
    envelope.from_host = "alpha";
    envelope.sequence = sequence;
    envelope.sent_at_us = 1000 + static_cast<std::int64_t>(sequence);
    envelope.format = Format::text;
    envelope.payload = as_bytes(text);
    return envelope;
}

class FrameParcel : public testing::Test {
protected:
    std::array<std::byte, kMaxDatagramBytes> buffer_;
};

TEST_F(FrameParcel, has_what_the_messages_share_and_what_each_has_for_itself) {
    FrameWriter writer(buffer_, message(7, ""));
    ASSERT_TRUE(writer.add(message(7, "HELLO")));
    ASSERT_TRUE(writer.add(message(8, "")));
    const Parcel parcel = decode_frame(writer.finish()).value();
    EXPECT_EQ(parcel.envelope.slot, "LISTENER");
    EXPECT_EQ(parcel.envelope.from_host, "alpha");
    EXPECT_EQ(parcel.envelope.sequence, 7u);
    ASSERT_EQ(parcel.size(), 2u);
    EXPECT_EQ(parcel.contents.payload_bytes(), 5u);
    EXPECT_EQ(parcel.contents.last_sent_at_us(), 1008);
    std::vector<Envelope> messages;
    parcel.for_each([&](const Envelope& message) { messages.push_back(message); });
    ASSERT_EQ(messages.size(), 2u);
    EXPECT_EQ(as_text(messages[0].payload), "HELLO");
    EXPECT_EQ(messages[0].sequence, 7u);
    EXPECT_EQ(messages[0].sent_at_us, 1007);
    EXPECT_EQ(messages[0].format, Form(Format::text));
    EXPECT_EQ(as_text(messages[1].payload), "");
    EXPECT_EQ(messages[1].sequence, 8u);
    EXPECT_EQ(messages[1].sent_at_us, 1008);
}

TEST_F(FrameParcel, has_its_payload_in_the_envelope_where_it_is_no_message) {
    Envelope part = message(3, "ab");
    part.kind = Kind::fragment;
    part.total_bytes = 3;
    part.chunk_bytes = 2;
    const Parcel parcel = decode_frame(encode_single(buffer_, part)).value();
    EXPECT_EQ(parcel.envelope.kind, Kind::fragment);
    EXPECT_EQ(parcel.size(), 1u);
    EXPECT_TRUE(parcel.contents.empty());
    EXPECT_EQ(as_text(parcel.front().payload), "ab");
}

TEST_F(FrameParcel, has_the_most_messages_that_a_frame_may_have) {
    std::vector<std::byte> large(kMaxFrameBytes);
    FrameWriter writer(large, message(1, ""));
    std::uint64_t next = 1;
    while (writer.add(message(next, "x"))) ++next;
    EXPECT_EQ(decode_frame(writer.finish()).value().size(), kMaxFrameMessages);
}

}  // namespace
}  // namespace mailslot::wire
