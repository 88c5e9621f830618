// Harm that a malicious writer leaves behind, and how the next look repairs it.
#include "inbox/harm_watch.h"

#include <gtest/gtest.h>

#include "base/bytes.h"
#include "inbox/testing/slot_under_test.h"

namespace mailslot::inbox {
namespace {

using namespace std::chrono_literals;

class HarmTest : public SlotUnderTest {
protected:
    void SetUp() override {
        open();
        harmful_ = writer();
        header_ = &harmful_->header();
        honest_ = writer();
        honest_->set_lock_patience(0ms);
    }
    Result<std::size_t> put(InboxWriter& writer, std::string_view text = "honest") {
        const Item item{RecordKind::local, {}, 7, ++sequence_, 0, {}, as_bytes(text)};
        return writer.put(std::span(&item, 1));
    }
    // Checks that writers go on: the old memory is closed, and a new writer can put.
    void expect_that_writers_go_on() {
        EXPECT_EQ(put(*honest_).error().code, Errc::no_such_slot);
        honest_ = writer();
        EXPECT_TRUE(put(*honest_));
        Record record;
        ASSERT_TRUE(get_nowait(*inbox_, record));
        EXPECT_EQ(record.payload, "honest");
    }
    void look(int times = 1) {
        for (int i = 0; i < times; ++i) inbox_->look_for_harm();
    }

    std::unique_ptr<InboxWriter> harmful_, honest_;
    Header* header_ = nullptr;
    std::uint64_t sequence_ = 0;
};

TEST_F(HarmTest, a_lock_in_the_name_of_a_writer_that_lives_is_lifted) {
    header_->lock.store(2);  // the honest writer's own number
    EXPECT_EQ(put(*honest_).error().code, Errc::timed_out);
    look(HarmWatch::kLooksAtLock);
    EXPECT_EQ(put(*honest_).error().code, Errc::timed_out);
    look();
    expect_that_writers_go_on();
}

TEST_F(HarmTest, a_lock_that_changes_hands_is_left_alone) {
    for (int i = 0; i < 20; ++i) {
        header_->lock.store(i % 2 == 0 ? 1 : 2);
        look();
    }
    header_->lock.store(0);
    EXPECT_TRUE(put(*honest_));
}

TEST_F(HarmTest, a_writer_that_puts_all_the_time_is_left_alone) {
    for (int i = 0; i < 20; ++i) {
        EXPECT_TRUE(put(*honest_));
        header_->lock.store(2);
        look();
        header_->lock.store(0);
    }
    EXPECT_EQ(inbox_->qsize(), 20u);
}

TEST_F(HarmTest, counters_that_cannot_be_are_put_back) {
    lost_in(*header_, &Losses::network_gap).store(5);
    lost_in(*header_, &Losses::slot_full).store(3);
    look();
    for (const std::uint64_t lie :
         {~std::uint64_t{0}, std::uint64_t{1} << 63, std::uint64_t{1} << 40}) {
        lost_in(*header_, &Losses::network_gap).store(lie);
        lost_in(*header_, &Losses::slot_full).store(lie);
        header_->repeats.store(lie);
        look();
        EXPECT_EQ(inbox_->info().lost.network_gap, 5u);
        EXPECT_EQ(inbox_->info().lost.slot_full, 3u);
        EXPECT_EQ(inbox_->info().repeats, 0u);
    }
    lost_in(*header_, &Losses::network_gap).store(4);  // a message arrived late
    look();
    EXPECT_EQ(inbox_->info().lost.network_gap, 4u);
}

TEST_F(HarmTest, an_empty_slot_without_a_free_block_is_made_anew) {
    Segment segment = Segment::attach(inbox_->admit_writer().value().segment).value();
    for (std::uint32_t block = 0; block < segment.geometry().block_count; ++block) {
        segment.state(block).store(BlockState::used);
    }
    look(3);
    EXPECT_EQ(put(*honest_).error().code, Errc::slot_full);
    look();
    expect_that_writers_go_on();
}

TEST_F(HarmTest, a_full_slot_is_left_alone) {
    open({.max_messages = 3});
    honest_ = writer();
    for (int i = 0; i < 3; ++i) EXPECT_TRUE(put(*honest_));
    EXPECT_EQ(put(*honest_).error().code, Errc::slot_full);
    look(5);
    Record record;
    for (int i = 0; i < 3; ++i) EXPECT_TRUE(get_nowait(*inbox_, record));
    look(5);
    EXPECT_TRUE(put(*honest_));
}

TEST_F(HarmTest, limits_that_were_changed_are_noticed_without_anybody_leaving) {
    EXPECT_TRUE(put(*honest_));
    header_->max_bytes = 1;
    look();
    expect_that_writers_go_on();
    EXPECT_EQ(inbox_->info().lost.bad_record, 1u);
}

}  // namespace
}  // namespace mailslot::inbox
