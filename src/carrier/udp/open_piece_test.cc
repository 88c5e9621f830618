#include "carrier/udp/open_piece.h"

#include <gtest/gtest.h>

#include <string>
#include <vector>

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
    // All messages of the piece, as a receiver would see them.
    std::size_t check() {
        std::size_t seen = 0;
        const auto datagrams = piece_.datagrams();
        for (std::size_t i = 0; i < datagrams.size(); ++i) {
            EXPECT_LE(datagrams[i].size(), kMaxDatagramBytes);
            std::vector<Envelope> messages;
            EXPECT_TRUE(wire::decode_frame(datagrams[i], messages));
            for (const Envelope& message : messages) {
                EXPECT_EQ(message.sequence, seen + 1);
                EXPECT_EQ(message.sent_at_us, 1'000 + static_cast<std::int64_t>(seen));
                EXPECT_EQ(message.slot, "Listener");
                EXPECT_EQ(message.origin, 22u);
                EXPECT_EQ(as_text(message.payload), texts_[seen]);
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
    while (add(std::string(650, 'x'))) continue;  // one a datagram
    EXPECT_EQ(check(), os::kPieceDatagrams);
}

TEST_F(OpenPieceTest, keeps_messages_of_all_sizes_in_order) {
    for (std::size_t i = 0; add(std::string(i * 37 % 1100, static_cast<char>('a' + i % 26))); ++i) {
        continue;
    }
    EXPECT_GT(check(), 40u);
}

TEST_F(OpenPieceTest, refuses_what_no_datagram_can_hold_and_goes_on_with_what_it_has) {
    EXPECT_FALSE(add(std::string(1200, 'x')));
    EXPECT_TRUE(piece_.is_empty());
    EXPECT_TRUE(add("small"));
    EXPECT_FALSE(add(std::string(1200, 'x')));
    EXPECT_EQ(check(), 1u);
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
