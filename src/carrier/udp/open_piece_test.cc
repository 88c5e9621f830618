#include "carrier/udp/open_piece.h"

#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "wire/testing/decode_messages.h"

namespace mailslot {
namespace {

class OpenPieceTest : public testing::Test {
protected:
    OpenPieceTest() { piece_.begin(header_); }

    static Envelope make_header() {
        Envelope header;
        header.slot = "Listener";
        header.from_host = "alpha";
        header.origin = 22;
        return header;
    }
    bool add(const std::string& text) {
        const bool added = piece_.add({sequence_ + 1, 1'000 + static_cast<std::int64_t>(sequence_),
                                       Format::text, as_bytes(text)});
        if (added) texts_.push_back(text);
        sequence_ += added;
        return added;
    }
    // Checks all messages of the piece as a receiver sees them.
    std::size_t check() {
        std::size_t seen = 0;
        std::string parts;  // the incomplete message
        const auto datagrams = piece_.datagrams();
        for (std::size_t i = 0; i < datagrams.size(); ++i) {
            EXPECT_LE(datagrams[i].size(), kMaxDatagramBytes);
            std::vector<Envelope> messages;
            EXPECT_TRUE(wire::decode_messages(datagrams[i], messages));
            for (const Envelope& message : messages) {
                EXPECT_EQ(message.sequence, seen + 1);
                EXPECT_EQ(message.sent_at_us, 1'000 + static_cast<std::int64_t>(seen));
                EXPECT_EQ(message.slot, "Listener");
                EXPECT_EQ(message.origin, 22u);
                const bool is_part = message.kind == Kind::fragment;
                EXPECT_EQ(message.offset, is_part ? parts.size() : 0);
                parts += as_text(message.payload);
                if (is_part && parts.size() < message.total_bytes) continue;
                EXPECT_EQ(parts, texts_[seen]);
                parts.clear();
                ++seen;
            }
            EXPECT_EQ(piece_.messages_in(i + 1), seen);
        }
        EXPECT_EQ(seen, piece_.messages());
        return datagrams.size();
    }

    const Envelope header_ = make_header();
    OpenPiece piece_;
    std::uint64_t sequence_ = 0;
    std::vector<std::string> texts_;
};

TEST_F(OpenPieceTest, takes_one_message) {
    EXPECT_TRUE(piece_.is_empty());
    EXPECT_TRUE(add("HELLO"));
    EXPECT_FALSE(piece_.is_empty());
    EXPECT_EQ(check(), 1u);
}

TEST_F(OpenPieceTest, fills_as_many_datagrams_as_one_piece_may_have) {
    while (add(std::string(100, 'x'))) continue;
    const std::size_t datagrams = check();
    std::size_t bytes = 0;
    for (const Bytes datagram : piece_.datagrams()) bytes += datagram.size();
    EXPECT_LE(datagrams, os::kPieceDatagrams);
    EXPECT_LE(bytes, os::kPieceBytes);
    EXPECT_GT(bytes, os::kPieceBytes - 2 * kMaxDatagramBytes);
}

TEST_F(OpenPieceTest, has_no_more_than_64_datagrams_however_small) {
    while (add(std::string(650, 'x'))) continue;  // a datagram for each
    EXPECT_EQ(check(), os::kPieceDatagrams);
}

TEST_F(OpenPieceTest, keeps_messages_of_all_sizes_in_order) {
    for (std::size_t i = 0; add(std::string(i * 37 % 1100, static_cast<char>('a' + i % 26))); ++i) {
        continue;
    }
    EXPECT_GT(check(), 40u);
}

TEST_F(OpenPieceTest, makes_datagrams_of_one_size_of_messages_of_many) {
    for (std::size_t i = 0; add(std::string(20 + i * 37 % 180, 'x')); ++i) continue;
    const auto datagrams = piece_.datagrams();
    ASSERT_GT(datagrams.size(), 50u);
    std::size_t runs = 1;
    for (std::size_t i = 1; i < datagrams.size(); ++i)
        runs += datagrams[i].size() != datagrams[i - 1].size();
    EXPECT_LE(runs, 8u);
    EXPECT_EQ(check(), datagrams.size());
}

TEST_F(OpenPieceTest, does_not_fill_datagrams_of_messages_of_one_size) {
    while (add(std::string(100, 'x'))) continue;
    for (const Bytes datagram : piece_.datagrams()) {
        std::vector<Envelope> messages;
        ASSERT_TRUE(wire::decode_messages(datagram, messages));
        EXPECT_EQ(datagram.size(), 63 + messages.size() * (kContentHeadBytes + 100));
    }
}

TEST_F(OpenPieceTest, has_parts_of_larger_messages_among_small_ones) {
    const std::size_t sizes[] = {5, 1400, 1401, 7, 8, 3000, 10'000, 9};
    for (const std::size_t size : sizes) EXPECT_TRUE(add(std::string(size, 'x')));
    EXPECT_EQ(check(), 1u + 2 + 2 + 1 + 3 + 9 + 1);
}

TEST_F(OpenPieceTest, fills_itself_with_parts_of_one_size) {
    while (add(std::string(1401, 'x'))) continue;
    EXPECT_EQ(piece_.messages(), os::kPieceDatagrams / 2);
    for (const Bytes datagram : piece_.datagrams())
        EXPECT_EQ(datagram.size(), piece_.datagrams()[0].size());
    EXPECT_EQ(check(), os::kPieceDatagrams);
}

TEST_F(OpenPieceTest, keeps_messages_of_all_sizes_up_to_its_own_in_order) {
    for (std::size_t i = 0; i < 3000; ++i) {
        const std::string text(i * 7919 % 20'000, static_cast<char>('a' + i % 26));
        if (add(text)) continue;
        check();
        piece_.begin(header_);
        texts_.clear();
        sequence_ = 0;
        ASSERT_TRUE(add(text));
    }
}

TEST_F(OpenPieceTest, refuses_what_no_piece_can_hold_and_goes_on_with_what_it_has) {
    EXPECT_FALSE(add(std::string(os::kPieceBytes, 'x')));
    EXPECT_TRUE(piece_.is_empty());
    EXPECT_TRUE(add("small"));
    EXPECT_FALSE(add(std::string(os::kPieceBytes, 'x')));
    EXPECT_TRUE(add("too"));
    EXPECT_EQ(check(), 1u);
}

TEST_F(OpenPieceTest, refuses_a_larger_message_as_a_whole) {
    for (int i = 0; i < 40; ++i) EXPECT_TRUE(add(std::string(1000, 'x')));
    EXPECT_FALSE(add(std::string(30'000, 'x')));
    EXPECT_TRUE(add("small"));
    EXPECT_EQ(check(), 40u);
}

TEST_F(OpenPieceTest, takes_nothing_that_no_frame_may_carry) {
    const std::string host(300, 'h');
    Envelope header = header_;
    header.from_host = host;
    piece_.begin(header);
    EXPECT_FALSE(add("small"));
    EXPECT_FALSE(add(std::string(3000, 'x')));
    EXPECT_TRUE(piece_.is_empty());
}

TEST_F(OpenPieceTest, is_empty_when_begun_anew) {
    EXPECT_TRUE(add("old"));
    piece_.begin(header_);
    EXPECT_TRUE(piece_.is_empty());
    sequence_ = 0;
    texts_.clear();
    EXPECT_TRUE(add("new"));
    EXPECT_EQ(check(), 1u);
}

}  // namespace
}  // namespace mailslot
