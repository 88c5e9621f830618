#include <gtest/gtest.h>

#include <algorithm>
#include <string>
#include <vector>

#include "carrier/udp/open_piece.h"
#include "wire/frame.h"
#include "wire/testing/decode_messages.h"

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

// Fills piece after piece with messages.
class Filler {
public:
    explicit Filler(std::span<const Envelope> messages) : all_(messages.size()), rest_{messages} {
        EXPECT_TRUE(check_messages(to_, messages));
    }
    // Returns the datagrams of the next piece, empty if all is packed.
    std::span<const Bytes> next() {
        done_before_ = all_ - rest_.messages.size();
        if (rest_.is_empty()) return {};
        piece_.fill(to_, rest_);
        return piece_.datagrams();
    }
    // Returns how many messages are complete once `count` datagrams of the last next() have left.
    std::size_t messages_done(std::size_t count) const {
        return done_before_ + piece_.messages_in(count);
    }

private:
    const Destination to_{};
    const std::size_t all_;
    std::size_t done_before_ = 0;
    Unpacked rest_;
    OpenPiece piece_;
};

TEST(FilledPiece, puts_small_messages_together_and_fills_the_datagrams) {
    const std::vector<std::string> payloads(100, std::string(50, 'x'));
    const auto messages = messages_of(payloads);
    Filler filler(messages);
    const auto datagrams = filler.next();
    ASSERT_EQ(datagrams.size(), 5u);  // 57 bytes each, 52 before them: 20 messages in 1200 bytes
    for (const Bytes datagram : datagrams) EXPECT_EQ(datagram.size(), 52u + 20 * 57);
    std::vector<Envelope> decoded;
    for (const Bytes datagram : datagrams) ASSERT_TRUE(wire::decode_messages(datagram, decoded));
    ASSERT_EQ(decoded.size(), 100u);
    EXPECT_EQ(decoded[99].sequence, 100u);
    EXPECT_TRUE(filler.next().empty());
}

TEST(FilledPiece, tells_which_messages_are_whole_in_the_datagrams_that_left) {
    const std::vector<std::string> payloads{"a", "b", std::string(3000, 'L'), "c"};
    const auto messages = messages_of(payloads);
    Filler filler(messages);
    ASSERT_EQ(filler.next().size(), 5u);  // a and b, three parts of L, c
    const std::size_t expected[] = {0, 2, 2, 2, 3, 4};
    for (std::size_t left = 0; left < 6; ++left) {
        EXPECT_EQ(filler.messages_done(left), expected[left]) << left << " datagrams left";
    }
}

TEST(FilledPiece, goes_on_with_a_large_message_in_the_next_batch) {
    const std::vector<std::string> payloads{std::string(100'000, 'L'), "c"};
    const auto messages = messages_of(payloads);
    Filler filler(messages);
    const std::size_t in_first = filler.next().size();
    EXPECT_EQ(in_first, os::kPieceBytes / 1199);
    EXPECT_EQ(filler.messages_done(in_first), 0u);
    const std::size_t rest = filler.next().size();
    EXPECT_EQ(filler.messages_done(0), 0u);
    EXPECT_EQ(filler.messages_done(rest - 1), 1u);
    EXPECT_EQ(filler.messages_done(rest), 2u);
}

// The texts that the receiver decodes.
std::vector<std::string> texts_in(std::span<const Bytes> datagrams) {
    std::vector<Envelope> decoded;
    for (const Bytes datagram : datagrams) EXPECT_TRUE(wire::decode_messages(datagram, decoded));
    std::vector<std::string> texts;
    for (const Envelope& e : decoded) {
        if (e.kind == Kind::message || e.offset == 0) texts.emplace_back();
        texts.back() += as_text(e.payload);
    }
    return texts;
}

TEST(FilledPiece, makes_datagrams_of_one_size_of_messages_of_many) {
    std::vector<std::string> payloads;
    for (std::size_t i = 0; i < 400; ++i) payloads.emplace_back(20 + i * 37 % 180, 'x');
    const auto messages = messages_of(payloads);
    Filler filler(messages);
    const auto datagrams = filler.next();
    ASSERT_EQ(filler.messages_done(datagrams.size()), payloads.size());
    std::size_t largest = 0, runs = 1;
    for (std::size_t i = 0; i < datagrams.size(); ++i) {
        largest = std::max(largest, datagrams[i].size());
        runs += i > 0 && datagrams[i].size() != datagrams[i - 1].size();
    }
    EXPECT_LE(largest, kMaxDatagramBytes);
    EXPECT_GT(datagrams.size(), 38u);
    EXPECT_LE(runs, 8u);  // a few before the largest came, and the last
    EXPECT_EQ(texts_in(datagrams), payloads);
}

TEST(FilledPiece, cuts_a_large_message_into_parts_of_one_size) {
    for (const std::size_t size : {1148, 1149, 1400, 1401, 2295, 65'536}) {
        SCOPED_TRACE(size);
        const std::vector<std::string> payloads(3, std::string(size, 'L'));
        const auto messages = messages_of(payloads);
        Filler filler(messages);
        std::vector<std::string> bytes;  // copied: each next() overwrites the previous datagrams
        for (auto some = filler.next(); !some.empty(); some = filler.next())
            for (const Bytes datagram : some) bytes.emplace_back(as_text(datagram));
        const std::size_t capacity = kMaxDatagramBytes - 50 - wire::kFragmentBytes;
        const bool is_whole = size + 52 + kContentHeadBytes <= kMaxDatagramBytes;
        const std::size_t parts = is_whole ? 1 : (size + capacity - 1) / capacity;
        ASSERT_EQ(bytes.size(), 3 * parts);
        for (std::size_t i = 0; i + 1 < bytes.size(); ++i)
            EXPECT_EQ(bytes[i].size(), bytes[0].size());
        EXPECT_LE(bytes[0].size() - bytes.back().size(), parts);
        std::vector<Bytes> datagrams;
        for (const std::string& datagram : bytes) datagrams.push_back(as_bytes(datagram));
        EXPECT_EQ(texts_in(datagrams), payloads);
    }
}

TEST(FilledPiece, fills_no_datagram_that_may_be_the_only_one_nor_what_is_no_message) {
    const std::vector<std::string> payloads{"a", "b", "c"};
    auto messages = messages_of(payloads);
    messages[1].kind = Kind::end;
    messages[1].payload = {};
    const auto sizes = [](std::span<const Envelope> some) {
        std::vector<std::size_t> all;
        Filler filler(some);
        for (const Bytes datagram : filler.next()) all.push_back(datagram.size());
        return all;
    };
    const std::size_t message = 52 + kContentHeadBytes + 1, end = 50;
    EXPECT_EQ(sizes(messages), (std::vector{message, end, message}));
    messages[0].payload = {};
    EXPECT_EQ(sizes(std::span(messages).first(1)), std::vector{message - 1});
}

TEST(FilledPiece, begins_a_new_datagram_where_a_sequence_number_is_missing) {
    const std::vector<std::string> payloads{"a", "b"};
    auto messages = messages_of(payloads);
    messages[1].sequence = 7;
    Filler filler(messages);
    EXPECT_EQ(filler.next().size(), 2u);
}

TEST(FilledPiece, refuses_a_query_that_does_not_fit_one_datagram) {
    const std::vector<std::string> payloads{std::string(1200, 'q')};
    auto messages = messages_of(payloads);
    messages[0].kind = Kind::query;
    const auto refused = check_messages({}, messages);
    ASSERT_FALSE(refused);
    EXPECT_EQ(refused.error().code, Errc::message_too_big);
}

TEST(FilledPiece, refuses_a_host_name_that_no_frame_can_carry) {
    const std::vector<std::string> payloads{"a"};
    const std::string host(300, 'h');
    auto messages = messages_of(payloads);
    messages[0].from_host = host;
    EXPECT_FALSE(check_messages({}, messages));
}

}  // namespace
}  // namespace mailslot
