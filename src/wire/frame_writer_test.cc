// Writing frames; frame_test.cc reads them.
#include <gtest/gtest.h>

#include <array>
#include <limits>
#include <string>
#include <vector>

#include "wire/frame.h"
#include "wire/testing/frames.h"

namespace mailslot::wire {
namespace {

TEST(FrameWriter, packs_messages_until_the_datagram_is_full) {
    std::array<std::byte, kMaxDatagramBytes> buffer;
    FrameWriter writer(buffer, a_message());
    std::uint64_t added = 0;
    while (writer.add(a_message(added + 1, "0123456789"))) ++added;
    EXPECT_EQ(added, (kMaxDatagramBytes - 48 - 13 - 2) / (7 + 10));
    EXPECT_EQ(writer.count(), added);
    EXPECT_TRUE(writer.add(a_message(added + 1, "")));  // a small message still fits
    EXPECT_EQ(messages_in(writer.finish()), added + 1);
    std::vector<Envelope> out;
    ASSERT_TRUE(decode_messages(writer.finish(), out));
    ASSERT_EQ(out.size(), added + 1);
    EXPECT_EQ(out.back().sequence, added + 1);
    EXPECT_EQ(as_text(out[added - 1].payload), "0123456789");
}

TEST(FrameWriter, refuses_a_sequence_number_that_is_not_the_next) {
    std::array<std::byte, kMaxDatagramBytes> buffer;
    FrameWriter writer(buffer, a_message());
    EXPECT_FALSE(writer.add(a_message(0)));
    EXPECT_TRUE(writer.add(a_message(5)));
    EXPECT_FALSE(writer.add(a_message(5)));
    EXPECT_FALSE(writer.add(a_message(7)));
    EXPECT_TRUE(writer.add(a_message(6)));
    EXPECT_EQ(writer.count(), 2u);
}

TEST(FrameWriter, ends_at_the_last_sequence_number) {
    std::array<std::byte, kMaxDatagramBytes> buffer;
    FrameWriter writer(buffer, a_message());
    EXPECT_TRUE(writer.add(a_message(std::numeric_limits<std::uint64_t>::max())));
    EXPECT_FALSE(writer.add(a_message(0)));
    EXPECT_EQ(step_of(writer.finish()), "");
}

TEST(FrameWriter, refuses_what_is_no_whole_message) {
    std::array<std::byte, kMaxDatagramBytes> buffer;
    FrameWriter writer(buffer, a_message());
    EXPECT_FALSE(writer.add(a_fragment()));
    Envelope unknown = a_message();
    unknown.format = Format{4};
    EXPECT_FALSE(writer.add(unknown));
    EXPECT_TRUE(writer.finish().empty());
}

TEST(FrameWriter, marks_a_message_from_before_the_first_as_sent_with_it) {
    std::array<std::byte, kMaxDatagramBytes> buffer;
    FrameWriter writer(buffer, a_message());
    ASSERT_TRUE(writer.add(a_message(1)));
    Envelope earlier = a_message(2);
    earlier.sent_at_us = std::numeric_limits<std::int64_t>::min();
    ASSERT_TRUE(writer.add(earlier));
    std::vector<Envelope> out;
    ASSERT_TRUE(decode_messages(writer.finish(), out));
    EXPECT_EQ(out[1].sent_at_us, 1000);
}

TEST(FrameWriter, refuses_a_message_too_long_after_the_first) {
    std::array<std::byte, kMaxDatagramBytes> buffer;
    Envelope message = a_message();
    message.sent_at_us = std::numeric_limits<std::int64_t>::min();
    FrameWriter writer(buffer, message);
    ASSERT_TRUE(writer.add(message));
    Envelope later = a_message(2);
    later.sent_at_us = std::numeric_limits<std::int64_t>::max();
    EXPECT_FALSE(writer.add(later));
    later.sent_at_us = message.sent_at_us + 0x100000000;
    EXPECT_FALSE(writer.add(later));
    later.sent_at_us = message.sent_at_us + 0xffffffff;
    EXPECT_TRUE(writer.add(later));
    std::vector<Envelope> out;
    ASSERT_TRUE(decode_messages(writer.finish(), out));
    EXPECT_EQ(out[1].sent_at_us, later.sent_at_us);
}

TEST(FrameWriter, takes_nothing_under_a_header_that_no_frame_can_carry) {
    const std::string long_host(kMaxFromHostBytes + 1, 'h');
    Envelope headers[6];
    for (Envelope& e : headers) e = a_message();
    headers[0].slot = "";
    headers[1].scope = Scope::named;
    headers[2].to = "LAB";
    headers[3].from_host = long_host;
    headers[4].from_host = "\xff";
    headers[5].scope = Scope{0};
    for (const Envelope& header : headers) {
        SCOPED_TRACE(&header - headers);
        Buffer buffer;
        FrameWriter writer(buffer, header);
        EXPECT_FALSE(writer.add(a_message()));
        EXPECT_TRUE(writer.finish().empty());
    }
}

TEST(FrameWriter, takes_nothing_into_a_buffer_that_the_header_fills) {
    for (std::size_t bytes = 0; bytes < kFrameHeaderBytes + 13 + 2 + 7; ++bytes) {
        std::vector<std::byte> buffer(bytes);
        FrameWriter writer(buffer, a_message());
        EXPECT_FALSE(writer.add(a_message(1, ""))) << bytes;
        EXPECT_TRUE(writer.finish().empty()) << bytes;
    }
}

TEST(EncodeSingle, fills_the_datagram_with_a_fragment_of_full_capacity) {
    std::array<std::byte, kMaxDatagramBytes> buffer;
    Envelope e = a_fragment();
    const std::size_t room = fragment_capacity(buffer.size(), e);
    const std::string text(room, 'x');
    e.payload = as_bytes(text);
    e.chunk_bytes = static_cast<std::uint16_t>(room);
    e.total_bytes = static_cast<std::uint32_t>(kMaxNetworkMessageBytes);
    EXPECT_EQ(encode_single(buffer, e).size(), buffer.size());
    EXPECT_TRUE(encode_single(std::span(buffer).first(buffer.size() - 1), e).empty());
}

TEST(EncodeSingle, has_no_messages_in_it) {
    Buffer buffer;
    Envelope fragment = a_fragment();
    fragment.payload = as_bytes("x");
    EXPECT_EQ(messages_in(encode_single(buffer, fragment)), 0u);
}

TEST(EncodeSingle, has_no_fragment_capacity_where_no_fragment_can_be) {
    const std::size_t overhead = kFrameHeaderBytes + 13 + kFragmentBytes;
    EXPECT_EQ(fragment_capacity(0, a_message()), 0u);
    EXPECT_EQ(fragment_capacity(overhead, a_message()), 0u);
    EXPECT_EQ(fragment_capacity(overhead + 1, a_message()), 1u);
    EXPECT_EQ(fragment_capacity(1u << 20, a_message()), kMaxFrameBytes - overhead);
    Envelope nowhere = a_message();
    nowhere.scope = Scope::named;
    EXPECT_EQ(fragment_capacity(kMaxDatagramBytes, nowhere), 0u);
}

TEST(EncodeSingle, refuses_what_decode_would_refuse) {
    Envelope wrong[7];
    for (Envelope& e : wrong) e = a_fragment();
    wrong[0].kind = Kind::message;
    wrong[1].sequence = 0;
    wrong[2].offset = 3;
    wrong[3].chunk_bytes = 0;
    wrong[4].format = Format{4};
    wrong[5].kind = Kind{6};
    wrong[6].kind = Kind::end;  // an end cannot have a payload
    Buffer buffer;
    EXPECT_FALSE(encode_single(buffer, a_fragment()).empty());
    for (const Envelope& e : wrong) {
        SCOPED_TRACE(&e - wrong);
        EXPECT_TRUE(encode_single(buffer, e).empty());
    }
}

TEST(FrameWriter, says_which_part_of_a_stream_a_frame_holds) {
    Buffer buffer;
    FrameWriter writer(buffer, a_message(7));
    for (std::uint64_t sequence = 7; sequence < 10; ++sequence)
        ASSERT_TRUE(writer.add(a_message(sequence)));
    const StreamPart of_messages = stream_part_of(writer.finish());
    EXPECT_EQ(of_messages.from, (Mark{6, 0}));
    EXPECT_EQ(of_messages.to, (Mark{9, 0}));

    Envelope part = a_fragment();
    part.origin = 77;
    part.sequence = 10;
    part.chunk_bytes = 4;
    part.total_bytes = 6;
    part.payload = as_bytes(std::string_view("abcd"));
    const StreamPart of_first = stream_part_of(encode_single(buffer, part));
    EXPECT_EQ(of_first.origin, 77u);
    EXPECT_EQ(of_first.from, (Mark{10, 0}));
    EXPECT_EQ(of_first.to, (Mark{10, 4}));
    part.offset = 4;
    part.payload = as_bytes(std::string_view("ef"));
    const StreamPart of_last = stream_part_of(encode_single(buffer, part));
    EXPECT_EQ(of_last.from, (Mark{10, 4}));
    EXPECT_EQ(of_last.to, (Mark{10, 6}));
}

}  // namespace
}  // namespace mailslot::wire
