// Effects of a stranger's word on the books of a writer: docs/post-office.md, "Whose word counts".
#include <gtest/gtest.h>

#include <algorithm>

#include "post/testing/post_office_fixture.h"

namespace mailslot::post {
namespace {

using PostOfficeSeconds = PostOfficeTest;

const IpAddress kWriters = IpAddress::v4(10, 0, 0, 1);
const IpAddress kWritersOther = IpAddress::v4(10, 1, 0, 1);
const IpAddress kStrangers = IpAddress::v4(10, 0, 0, 66);
constexpr std::uint64_t kOrigin = 7;

Envelope from(const IpAddress& address, Envelope envelope) {
    envelope.from_address = address;
    return envelope;
}

TEST_F(PostOfficeSeconds, counts_no_loss_that_no_writer_of_that_age_can_have_made) {
    deliver({message(kMaxSequence, "far", 8), end(kMaxSequence, 9)});
    EXPECT_EQ(sequences(), Numbers{kMaxSequence});
    EXPECT_EQ(lost().total(), 0u);
    clock_.advance(1s);
    deliver({aged(message(kMostMessagesAtOnce + kMostMessagesASecond + 1, "as fast as can be", 10),
                  1s)});
    EXPECT_EQ(lost().network_gap, kMostMessagesAtOnce + kMostMessagesASecond);
    deliver({aged(message(kMostMessagesAtOnce + kMostMessagesASecond + 2, "faster", 11), 1s)});
    EXPECT_EQ(lost().network_gap, kMostMessagesAtOnce + kMostMessagesASecond);
}

TEST_F(PostOfficeSeconds, counts_a_jump_of_the_writers_own_as_far_as_its_silence_allows) {
    deliver({from(kWriters, message(1))});
    clock_.advance(1s);
    const std::uint64_t most = kMostMessagesAtOnce + kMostMessagesASecond;
    deliver({from(kWriters, message(2 + most))});
    EXPECT_EQ(lost().network_gap, most);
    deliver({from(kWriters, message(2 + most + 1 + kMostMessagesAtOnce + 1, "too far"))});
    EXPECT_EQ(lost().network_gap, most);
    EXPECT_EQ(slots_.got.back().text, "too far");
    EXPECT_NE(slots_.got.back().origin, kOrigin);
    deliver({from(kWriters, message(3 + most, "goes on"))});
    EXPECT_EQ(slots_.got.back().text, "goes on");
    EXPECT_EQ(slots_.got.back().origin, kOrigin);
    EXPECT_EQ(slots_.got.back().lost_before, 0u);
}

TEST_F(PostOfficeSeconds, a_jump_from_an_address_that_the_writer_never_used_does_not_move_it) {
    for (std::uint64_t n = 1; n <= 3; ++n) deliver({from(kWriters, message(n))});
    clock_.advance(200ms);
    deliver({from(kStrangers, message(1'000'000, "evil"))});
    EXPECT_NE(slots_.got.back().origin, kOrigin);
    deliver({from(kStrangers, end(2'000'000))});
    EXPECT_EQ(lost().total(), 0u);
    for (std::uint64_t n = 4; n < 60; ++n) deliver({from(kWriters, message(n))});
    EXPECT_EQ(only_sender().received, 59u);
    EXPECT_EQ(only_sender().repeats, 0u);
    EXPECT_EQ(only_sender().lost.total(), 0u);
    EXPECT_EQ(slots_.got.size(), 60u);
    EXPECT_EQ(office_.counters().repeats, 0u);
}

TEST_F(PostOfficeSeconds, a_stranger_who_is_heard_first_does_not_silence_the_writer) {
    clock_.advance(2s);  // the slot is not new: the first word does not wait for earlier words
    deliver({from(kStrangers, message(1'000'000, "evil"))});
    for (std::uint64_t n = 50; n < 100; ++n) {
        deliver({from(kWriters, message(n, "good")), from(kWritersOther, message(n, "good"))});
    }
    EXPECT_EQ(slots_.got.size(), 51u) << "each once";
    EXPECT_EQ(std::ranges::count(slots_.got, "good", &RecordingSlots::Got::text), 50);
    EXPECT_EQ(lost().total(), 0u);
    deliver({from(kWriters, message(102))});
    EXPECT_EQ(lost().network_gap, 2u);
}

TEST_F(PostOfficeSeconds, what_comes_late_by_another_address_comes_once) {
    clock_.advance(2s);
    const auto old = [](std::uint64_t n) { return aged(message(n), 10s); };  // before the slot
    for (std::uint64_t n = 9000; n < 12'000; ++n) deliver({from(kWriters, old(n))});
    // Far behind: first messages from before the first word that came, then all the others.
    for (std::uint64_t n = 7000; n < 12'000; ++n) deliver({from(kWritersOther, old(n))});
    for (std::uint64_t n = 12'000; n < 12'010; ++n) {
        deliver({from(kWriters, old(n)), from(kWritersOther, old(n))});
    }
    std::vector<std::uint64_t> all = sequences();
    EXPECT_GE(all.size(), 3010u);
    std::ranges::sort(all);
    EXPECT_EQ(std::ranges::adjacent_find(all), all.end()) << "none twice";
    EXPECT_EQ(lost().total(), 0u);
}

TEST_F(PostOfficeSeconds, a_stranger_cannot_walk_there_in_small_steps) {
    deliver({from(kWriters, message(1))});
    for (std::uint64_t n = 1000; n < 50'000; n += 1000) {
        deliver({from(kStrangers, message(n, "evil"))});
    }
    for (std::uint64_t n = 2; n < 60; ++n) deliver({from(kWriters, message(n, "good"))});
    EXPECT_EQ(std::ranges::count(slots_.got, "good", &RecordingSlots::Got::text), 58);
}

TEST_F(PostOfficeSeconds, an_address_that_brings_copies_is_the_writers) {
    deliver({from(kWriters, message(1)), from(kWritersOther, message(1))});
    deliver({from(kWritersOther, message(5000))});
    EXPECT_EQ(slots_.got.back().origin, kOrigin);
    EXPECT_EQ(lost().network_gap, 4998u);
    Envelope forged = message(5000);
    forged.sent_at_us = 1;  // another message with that number
    deliver({from(kStrangers, forged), from(kStrangers, message(9000))});
    EXPECT_NE(slots_.got.back().origin, kOrigin);
}

TEST_F(PostOfficeSeconds, a_writer_with_a_new_address_goes_on_and_each_message_counts_once) {
    clock_.advance(10s);
    deliver({from(kWriters, aged(message(1), 0s)), from(kWriters, message(2))});
    clock_.advance(10s);
    deliver({from(kWritersOther, aged(message(5000), 10s)),
             from(kWritersOther, aged(message(5001), 10s))});
    EXPECT_EQ(lost().network_gap, 4997u);
    EXPECT_EQ(lost_before(), (Numbers{0, 0, 4997, 0}));
    // The old address is back.
    deliver({from(kWriters, aged(message(5001), 10s)), from(kWriters, aged(message(5003), 10s))});
    EXPECT_EQ(sequences(), (Numbers{1, 2, 5000, 5001, 5003}));
    EXPECT_EQ(lost().network_gap, 4998u);
}

TEST_F(PostOfficeSeconds, the_other_address_of_a_fast_writer_may_be_a_batch_ahead) {
    for (std::uint64_t n = 1; n <= 3000; ++n) deliver({from(kWriters, message(n))});
    deliver({from(kWritersOther, message(6000))});  // the link of that address has just come up
    EXPECT_EQ(slots_.got.back().origin, kOrigin);
    EXPECT_EQ(all_senders(office_, "LOG").size(), 1u);
}

TEST_F(PostOfficeSeconds, counters_stop_at_their_end) {
    clock_.advance(24h * 40);
    const std::uint64_t most = most_messages_within(24h * 40);
    for (std::uint64_t origin = 100; origin < 103; ++origin) {
        deliver({aged(message(most, "x", origin), 24h * 40)});
    }
    EXPECT_EQ(lost().network_gap, 3 * (most - 1)) << "as many as can have been sent";
    EXPECT_LT(most, kMaxSequence);
}

TEST_F(PostOfficeSeconds, a_second_sender_goes_with_the_books) {
    deliver({from(kWriters, message(1)), from(kStrangers, message(1'000'000'000))});
    wire::OfficeStateWriter out;
    office_.write_books(out);
    const auto books = out.take();
    RecordingSlots slots;
    PostOffice successor({kHome, "ME", {}}, clock_, slots);
    successor.take_books(books);
    EXPECT_EQ(all_senders(successor, "LOG").size(), 2u);
    clock_.advance(2s);
    const std::vector<Envelope> later = {from(kWriters, message(2)),
                                         from(kStrangers, message(1'000'000'001)),
                                         from(kWriters, message(3))};
    deliver_each(successor, later);
    EXPECT_EQ(slots.got.size(), 3u);
    EXPECT_EQ(successor.counters("LOG").lost.total(), 0u);
}

}  // namespace
}  // namespace mailslot::post
