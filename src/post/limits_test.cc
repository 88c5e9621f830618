// Limits for the messages a second that get into a slot.
#include <gtest/gtest.h>

#include <map>

#include "model/testing/packed_contents.h"
#include "post/testing/post_office_fixture.h"
#include "post/token_bucket.h"

namespace mailslot::post {
namespace {

TEST(TokenBucket, allows_what_one_second_does_at_once_and_then_its_rate) {
    FakeClock clock;
    TokenBucket bucket;
    EXPECT_EQ(bucket.take(15, 10, clock.now()), 10u);
    EXPECT_EQ(bucket.take(1, 10, clock.now()), 0u);
    clock.advance(250ms);
    EXPECT_EQ(bucket.take(9, 10, clock.now()), 2u);
    clock.advance(50ms);
    EXPECT_EQ(bucket.take(9, 10, clock.now()), 1u);  // the half token that was left before
    clock.advance(1h);
    EXPECT_EQ(bucket.take(100, 10, clock.now()), 10u);
}

class PostOfficeLimits : public testing::Test {
protected:
    void open(std::uint64_t sender_rate, std::uint64_t slot_rate) {
        office_ = std::make_unique<PostOffice>(
            Identity{}, clock_, slots_, Limits{.sender_rate = sender_rate, .slot_rate = slot_rate});
        office_->slot_opened("LOG");
    }
    void put(std::uint64_t origin, std::uint8_t machine, std::uint64_t count) {
        std::vector<Envelope> all;
        for (; count > 0; --count) {
            all.push_back(message(++sent_[origin], "x", origin));
            all.back().from_address = IpAddress::v4(10, 0, 0, machine);
        }
        deliver_each(*office_, all);
    }
    std::uint64_t received(std::uint64_t origin) const {
        for (const SenderCounters& sender : all_senders(*office_, "LOG")) {
            if (sender.origin != origin) continue;
            EXPECT_EQ(sender.received + sender.lost.over_limit, sent_.at(origin));
            EXPECT_EQ(sender.lost.total(), sender.lost.over_limit);
            return sender.received;
        }
        return 0;
    }

    FakeClock clock_;
    RecordingSlots slots_;
    std::map<std::uint64_t, std::uint64_t> sent_;
    std::unique_ptr<PostOffice> office_;
};

TEST_F(PostOfficeLimits, hold_one_machine_however_many_writers_it_has) {
    open(10, 0);
    put(1, 1, 8);
    put(2, 1, 8);
    put(3, 2, 8);
    EXPECT_EQ(received(1) + received(2), 10u);
    EXPECT_EQ(received(3), 8u);
    EXPECT_EQ(office_->counters("LOG").lost.over_limit, 6u);
    EXPECT_EQ(office_->counters().lost.over_limit, 6u);
}

TEST_F(PostOfficeLimits, tell_the_next_message_and_take_no_copy_of_what_was_refused) {
    open(2, 0);
    put(1, 1, 5);
    clock_.advance(1s);
    put(1, 1, 1);
    EXPECT_EQ(slots_.got.back().sequence, 6u);
    EXPECT_EQ(slots_.got.back().lost_before, 3u);
    deliver_each(*office_, std::vector{message(4, "x", 1)});
    EXPECT_EQ(office_->counters("LOG").repeats, 1u);
    EXPECT_EQ(received(1), 3u);
}

TEST_F(PostOfficeLimits, of_all_together_are_not_used_up_by_what_a_machine_has_too_much) {
    open(4, 6);
    put(1, 1, 100);
    EXPECT_EQ(received(1), 4u);
    put(2, 2, 4);
    EXPECT_EQ(received(2), 2u);
    clock_.advance(500ms);  // two more of each machine, three of all
    put(2, 2, 4);
    EXPECT_EQ(received(2), 5u);  // refused by the slot's limit, so not charged to the machine's
}

TEST_F(PostOfficeLimits, cut_a_parcel_where_they_are_reached) {
    open(3, 0);
    const PackedContents contents(std::vector<Content>(5, {as_bytes("x")}));
    Parcel parcel{message(1, "", 1), contents};
    office_->deliver(std::span(&parcel, 1));
    EXPECT_EQ(slots_.got.size(), 3u);
    EXPECT_EQ(office_->counters("LOG").lost.over_limit, 2u);
}

}  // namespace
}  // namespace mailslot::post
