#include "carrier/pace/sent_marks.h"

#include <gtest/gtest.h>

namespace mailslot {
namespace {

using std::chrono::milliseconds;
using wire::Mark;

class SentMarksTest : public testing::Test {
protected:
    void send(Mark from, Mark mark, std::size_t bytes, bool is_paced = false) {
        now_ += milliseconds(1);
        sent_.left(from, mark, bytes, is_paced, now_);
    }
    std::uint64_t bytes_at(Mark mark) const { return sent_.find(mark).value().bytes; }

    SentMarks sent_;
    SentMarks::Instant now_{std::chrono::hours(1)};
};

TEST_F(SentMarksTest, knows_nothing_before_the_first_and_after_the_last) {
    EXPECT_FALSE(sent_.find({1, 0}));
    send({4, 0}, {10, 0}, 600);
    EXPECT_FALSE(sent_.find({4, 0}));
    EXPECT_FALSE(sent_.find({11, 0}));
    EXPECT_TRUE(sent_.find({5, 0}));
}

TEST_F(SentMarksTest, tells_bytes_and_time_and_pace_of_a_mark) {
    send({0, 0}, {10, 0}, 1000);
    const auto first = now_;
    send({10, 0}, {20, 0}, 500, true);
    const auto found = sent_.find({10, 0}).value();
    EXPECT_EQ(found.bytes, 1000u);
    EXPECT_EQ(found.left, first);
    EXPECT_FALSE(found.is_paced);
    EXPECT_EQ(bytes_at({20, 0}), 1500u);
    EXPECT_TRUE(sent_.find({20, 0})->is_paced);
}

TEST_F(SentMarksTest, interpolates_within_datagrams_that_left_together) {
    send({0, 0}, {10, 0}, 1000);
    send({10, 0}, {20, 0}, 1000);
    EXPECT_EQ(bytes_at({5, 0}), 500u);
    EXPECT_EQ(bytes_at({13, 0}), 1300u);
}

TEST_F(SentMarksTest, interpolates_within_the_parts_of_a_message) {
    send({6, 0}, {7, 1000}, 1000);
    send({7, 1000}, {7, 2000}, 1000);
    EXPECT_EQ(bytes_at({7, 1000}), 1000u);
    EXPECT_EQ(bytes_at({7, 1500}), 1500u);
    EXPECT_FALSE(sent_.find({8, 0}));
}

TEST_F(SentMarksTest, a_gap_that_this_way_did_not_send_belongs_to_nothing) {
    send({0, 0}, {10, 0}, 1000);
    send({20, 0}, {30, 0}, 1000);
    EXPECT_FALSE(sent_.find({15, 0}));
    EXPECT_EQ(bytes_at({25, 0}), 1500u);
}

TEST_F(SentMarksTest, datagrams_that_leave_one_by_one_share_an_entry) {
    for (std::uint64_t i = 0; i < 40; ++i) {
        sent_.left({i, 0}, {i + 1, 0}, 100, false, now_ + std::chrono::microseconds(i));
    }
    EXPECT_EQ(sent_.bytes(), 4000u);
    EXPECT_EQ(bytes_at({20, 0}), 2000u);
    EXPECT_EQ(sent_.find({20, 0})->left, sent_.find({1, 0})->left);
}

TEST_F(SentMarksTest, forgets_the_oldest_of_many) {
    for (std::uint64_t i = 0; i < kMostSentMarks + 10; ++i) send({i, 0}, {i + 1, 0}, 100);
    EXPECT_FALSE(sent_.find({5, 0}));
    for (const std::uint64_t known : {std::uint64_t{20}, kMostSentMarks / 2, kMostSentMarks + 10}) {
        EXPECT_EQ(bytes_at({known, 0}), 100 * known);
    }
}

TEST_F(SentMarksTest, a_copy_that_leaves_again_counts_its_bytes) {
    send({0, 0}, {10, 0}, 1000);
    send({0, 0}, {10, 0}, 1000);
    EXPECT_EQ(bytes_at({10, 0}), 2000u);
}

}  // namespace
}  // namespace mailslot
