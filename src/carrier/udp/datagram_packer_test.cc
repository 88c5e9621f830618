#include "carrier/udp/datagram_packer.h"

#include <gtest/gtest.h>

#include <string>

#include "wire/frame.h"

namespace mailslot {
namespace {

std::vector<Envelope> messages_of(std::span<const std::string> payloads) {
    std::vector<Envelope> messages;
    for (const std::string& payload : payloads) {
        Envelope message;
        message.slot = "S";
        message.from_host = "h";
        message.origin = 5;
        message.sequence = messages.size() + 1;
        message.payload = as_bytes(payload);
        messages.push_back(message);
    }
    return messages;
}

TEST(DatagramPacker, puts_small_messages_together_and_fills_the_datagrams) {
    const std::vector<std::string> payloads(100, std::string(50, 'x'));
    const auto messages = messages_of(payloads);
    DatagramPacker packer;
    const Destination to;
    ASSERT_TRUE(packer.begin(to, messages));
    const auto datagrams = packer.next();
    ASSERT_EQ(datagrams.size(), 6u);  // 57 bytes each: 20 in 1200 bytes
    for (const Bytes datagram : datagrams.first(4)) EXPECT_GT(datagram.size(), 1100u);
    std::vector<Envelope> decoded;
    for (const Bytes datagram : datagrams) ASSERT_TRUE(wire::decode_frame(datagram, decoded));
    ASSERT_EQ(decoded.size(), 100u);
    EXPECT_EQ(decoded[99].sequence, 100u);
    EXPECT_TRUE(packer.next().empty());
}

TEST(DatagramPacker, tells_which_messages_are_whole_in_the_datagrams_that_left) {
    const std::vector<std::string> payloads{"a", "b", std::string(3000, 'L'), "c"};
    const auto messages = messages_of(payloads);
    DatagramPacker packer;
    const Destination to;
    ASSERT_TRUE(packer.begin(to, messages));
    ASSERT_EQ(packer.next().size(), 5u);  // a and b; three parts of L; c
    const std::size_t expected[] = {0, 2, 2, 2, 3, 4};
    for (std::size_t left = 0; left < 6; ++left) {
        EXPECT_EQ(packer.messages_done(left), expected[left]) << left << " datagrams left";
    }
}

TEST(DatagramPacker, goes_on_with_a_large_message_in_the_next_batch) {
    const std::vector<std::string> payloads{std::string(100'000, 'L'), "c"};
    const auto messages = messages_of(payloads);
    DatagramPacker packer;
    const Destination to;
    ASSERT_TRUE(packer.begin(to, messages));
    EXPECT_EQ(packer.next().size(), DatagramPacker::kBatch);
    EXPECT_EQ(packer.messages_done(DatagramPacker::kBatch), 0u);
    const std::size_t rest = packer.next().size();
    EXPECT_EQ(packer.messages_done(0), 0u);
    EXPECT_EQ(packer.messages_done(rest - 1), 1u);
    EXPECT_EQ(packer.messages_done(rest), 2u);
}

TEST(DatagramPacker, begins_a_new_datagram_where_a_sequence_number_is_missing) {
    const std::vector<std::string> payloads{"a", "b"};
    auto messages = messages_of(payloads);
    messages[1].sequence = 7;
    DatagramPacker packer;
    const Destination to;
    ASSERT_TRUE(packer.begin(to, messages));
    EXPECT_EQ(packer.next().size(), 2u);
}

TEST(DatagramPacker, refuses_a_query_that_does_not_fit_one_datagram) {
    const std::vector<std::string> payloads{std::string(1200, 'q')};
    auto messages = messages_of(payloads);
    messages[0].kind = Kind::query;
    DatagramPacker packer;
    const Destination to;
    const auto refused = packer.begin(to, messages);
    ASSERT_FALSE(refused);
    EXPECT_EQ(refused.error().code, Errc::message_too_big);
}

TEST(DatagramPacker, refuses_a_host_name_that_no_frame_can_carry) {
    const std::vector<std::string> payloads{"a"};
    const std::string host(300, 'h');
    auto messages = messages_of(payloads);
    messages[0].from_host = host;
    DatagramPacker packer;
    const Destination to;
    EXPECT_FALSE(packer.begin(to, messages));
}

}  // namespace
}  // namespace mailslot
