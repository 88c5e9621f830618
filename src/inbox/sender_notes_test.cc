#include "inbox/sender_notes.h"

#include <gtest/gtest.h>

#include <limits>
#include <memory>

namespace mailslot::inbox {
namespace {

using namespace std::chrono_literals;
using Instant = std::chrono::steady_clock::time_point;

constexpr Instant kOpened{100s}, kNow{500s};

class SenderNotesTest : public testing::Test {
protected:
    SenderNotesTest() { mark_opened(*header_, kOpened); }
    std::unique_ptr<Header> header_ = std::make_unique<Header>();
};

TEST_F(SenderNotesTest, tell_how_far_each_sender_was_heard) {
    note_sender(*header_, {5, 10});
    note_sender(*header_, {6, 2});
    note_sender(*header_, {5, 12});
    note_sender(*header_, {5, 11});  // came late
    const SenderNotes notes = read_notes(*header_, kNow);
    EXPECT_EQ(notes.listening_since, kOpened);
    ASSERT_EQ(notes.senders.size(), 2u);
    EXPECT_EQ(notes.senders[0].origin, 5u);
    EXPECT_EQ(notes.senders[0].next, 12u);
    EXPECT_EQ(notes.senders[1].next, 2u);
}

TEST_F(SenderNotesTest, vouch_for_nothing_older_once_one_was_overwritten) {
    note_sender(*header_, {5, 10});
    note_sender(*header_, {5 + 64, 3});
    const SenderNotes notes = read_notes(*header_, kNow);
    EXPECT_EQ(notes.listening_since, kNow);
    ASSERT_EQ(notes.senders.size(), 1u);
    EXPECT_EQ(notes.senders[0].origin, 69u);
    EXPECT_EQ(notes.senders[0].next, 3u);
}

TEST_F(SenderNotesTest, from_a_stranger_are_no_more_than_wrong) {
    header_->opened_at_ns = std::numeric_limits<std::int64_t>::max();
    EXPECT_EQ(read_notes(*header_, kNow).listening_since, kNow);
}

}  // namespace
}  // namespace mailslot::inbox
