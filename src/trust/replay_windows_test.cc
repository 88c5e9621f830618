#include "trust/replay_windows.h"

#include <gtest/gtest.h>

#include <map>
#include <random>
#include <set>
#include <vector>

#if __has_include(<rapidcheck/gtest.h>)
#include <rapidcheck/gtest.h>
#endif

#include "base/testing/fake_clock.h"

namespace mailslot::trust {
namespace {

using namespace std::chrono_literals;

class Windows : public testing::Test {
protected:
    // Asks as a receiver does.
    bool takes(std::uint64_t counter, std::uint64_t sender = 1, std::uint64_t epoch = 1) {
        const Stamp stamp{sender, epoch, counter};
        return !windows_.has_seen(stamp) && note(stamp) == ReplayWindows::Noted::taken;
    }
    ReplayWindows::Noted note(const Stamp& stamp) {
        return note(stamp, clock_.unix_microseconds());
    }
    ReplayWindows::Noted note(const Stamp& stamp, std::int64_t sent_at_us) {
        return windows_.note(stamp, sent_at_us, clock_.now());
    }
    FakeClock clock_;
    ReplayWindows windows_{3};
};

TEST_F(Windows, take_each_counter_once) {
    for (const std::uint64_t counter : {1, 2, 5, 4, 3, 64, 63, 65, 1000}) {
        EXPECT_TRUE(takes(counter)) << counter;
        EXPECT_FALSE(takes(counter)) << counter;
    }
}

TEST_F(Windows, take_what_was_overtaken_by_up_to_1023_others_and_no_more) {
    EXPECT_TRUE(takes(2000));
    EXPECT_TRUE(takes(2000 - 1023));
    EXPECT_FALSE(takes(2000 - 1024));
}

TEST_F(Windows, forget_nothing_that_is_in_the_window_when_it_jumps) {
    for (const std::uint64_t counter : {1, 40, 63}) EXPECT_TRUE(takes(counter));
    EXPECT_TRUE(takes(1050));
    EXPECT_FALSE(takes(40));
    EXPECT_FALSE(takes(63));
    EXPECT_TRUE(takes(41));
    EXPECT_TRUE(takes(1050 - 1023));
    EXPECT_TRUE(takes(1064));  // reuses the place of 40
    EXPECT_FALSE(takes(40));   // below the window
    EXPECT_TRUE(takes(~std::uint64_t{0}));
    EXPECT_FALSE(takes(1064));
}

TEST_F(Windows, tell_a_new_epoch_of_the_same_sender_from_the_old_one) {
    EXPECT_TRUE(takes(1, 1, 1));
    EXPECT_TRUE(takes(1, 1, 2));
    EXPECT_TRUE(takes(1, 2, 1));
    EXPECT_FALSE(takes(1, 1, 1));
}

TEST_F(Windows, refuse_further_senders_when_full_and_forget_none_before_its_time) {
    for (std::uint64_t sender = 1; sender <= 3; ++sender) EXPECT_TRUE(takes(1, sender));
    EXPECT_FALSE(takes(1, 4));
    clock_.advance(kSealersFor);
    EXPECT_TRUE(takes(2, 3));
    EXPECT_FALSE(takes(1, 4));
    clock_.advance(1us);
    EXPECT_TRUE(takes(1, 4));
    EXPECT_FALSE(takes(2, 3));
}

// A forgotten datagram is too old to be taken again, whatever its sender's clock said.
TEST_F(Windows, forget_a_sender_when_all_that_it_sent_is_too_old) {
    const std::int64_t most_us = std::chrono::microseconds(kMostClockDifference).count();
    const std::int64_t sent_at = clock_.unix_microseconds() + most_us;
    ASSERT_TRUE(is_timely(sent_at, clock_.unix_microseconds()));
    EXPECT_TRUE(takes(1, 1));
    clock_.advance(kSealersFor);
    EXPECT_TRUE(takes(1, 2));  // forgets senders that may be forgotten
    EXPECT_FALSE(takes(1, 1));
    clock_.advance(1us);
    EXPECT_TRUE(takes(1, 3));
    EXPECT_EQ(windows_.sealers(), 2u);
    EXPECT_FALSE(is_timely(sent_at, clock_.unix_microseconds()));
}

TEST_F(Windows, refuse_what_is_timely_again_since_the_clock_was_set_back) {
    using Noted = ReplayWindows::Noted;
    const std::int64_t first_sent = clock_.unix_microseconds();
    EXPECT_EQ(note({1, 1, 1}), Noted::taken);
    clock_.advance(kSealersFor + 1us);
    EXPECT_EQ(note({2, 1, 1}), Noted::taken);  // the first sender is forgotten
    EXPECT_EQ(note({1, 1, 1}, first_sent), Noted::from_past);
    EXPECT_EQ(note({3, 1, 1}, first_sent), Noted::from_past) << "came too late in its time";
    EXPECT_EQ(note({3, 1, 1}, first_sent + 1), Noted::taken);
}

TEST_F(Windows, refuse_what_was_held_back_from_senders_that_nobody_heard) {
    using Noted = ReplayWindows::Noted;
    const std::int64_t held_back = clock_.unix_microseconds();
    clock_.advance(2 * kMostClockDifference + 1us);
    EXPECT_EQ(note({1, 1, 7}), Noted::taken);  // no sender was forgotten
    EXPECT_EQ(note({2, 1, 1}, held_back), Noted::from_past);
    EXPECT_EQ(note({1, 1, 6}, held_back), Noted::from_past) << "overtaken so long ago";
    EXPECT_EQ(note({1, 1, 8}, held_back), Noted::taken) << "its sender's own clock was set back";
}

// However wrong the domain's clocks are within the bound, and however late a datagram comes.
TEST_F(Windows, refuse_no_new_sender_while_the_clock_goes_on) {
    const std::int64_t most_us = std::chrono::microseconds(kMostClockDifference).count();
    ReplayWindows windows;
    for (std::uint64_t sender = 1; sender < 400; ++sender) {
        const std::int64_t off = sender % 2 == 0 ? most_us : -most_us;
        EXPECT_EQ(windows.note({sender, 1, 1}, clock_.unix_microseconds() + off, clock_.now()),
                  ReplayWindows::Noted::taken)
            << sender;
        clock_.advance(17s);
    }
}

TEST_F(Windows, know_the_past_in_another_post_office) {
    using Noted = ReplayWindows::Noted;
    const std::int64_t first_sent = clock_.unix_microseconds();
    EXPECT_EQ(note({1, 1, 1}), Noted::taken);
    clock_.advance(kSealersFor / 2);
    EXPECT_EQ(note({2, 1, 1}), Noted::taken);
    const std::int64_t second_sent = clock_.unix_microseconds();
    clock_.advance(kSealersFor / 2 + 1us);
    EXPECT_EQ(note({3, 1, 1}), Noted::taken);  // the first sender is forgotten
    ReplayWindows next;
    windows_.save([&](const wire::SealerState& state) { next.restore(state, clock_.now()); });
    EXPECT_EQ(next.sealers(), 2u);
    EXPECT_EQ(next.note({1, 1, 1}, first_sent, clock_.now()), Noted::from_past);
    clock_.advance(kSealersFor / 2);
    EXPECT_EQ(next.note({4, 1, 1}, clock_.unix_microseconds(), clock_.now()), Noted::taken);
    EXPECT_EQ(next.note({2, 1, 1}, second_sent, clock_.now()), Noted::from_past)
        << "forgotten by the second office";
}

TEST_F(Windows, go_on_in_another_post_office) {
    std::mt19937_64 random(7);
    std::vector<std::uint64_t> taken;
    for (int i = 0; i < 3000; ++i) {
        const std::uint64_t counter = 1 + i + random() % 900;
        for (const std::uint64_t sender : {1, 2}) {
            if ((sender == 1 || counter < 60) && takes(counter, sender) && sender == 1) {
                taken.push_back(counter);
            }
        }
    }
    ReplayWindows next(3);
    windows_.save([&](const wire::SealerState& state) {
        EXPECT_TRUE(next.restore(state, clock_.now()));
        EXPECT_EQ(next.restore(state, clock_.now()), state.sender_id == 0) << "once, but the times";
    });
    EXPECT_EQ(next.sealers(), 2u);
    for (std::uint64_t counter = 1; counter < 4100; ++counter) {
        for (const std::uint64_t sender : {1, 2}) {
            EXPECT_EQ(next.has_seen({sender, 1, counter}), windows_.has_seen({sender, 1, counter}));
        }
    }
    for (const std::uint64_t counter : taken) EXPECT_TRUE(next.has_seen({1, 1, counter}));
}

TEST(Timely, is_what_was_sent_within_ten_minutes_either_way) {
    constexpr std::int64_t kNow = 1'700'000'000'000'000, kMost = 600'000'000;
    for (const std::int64_t off : {std::int64_t{0}, kMost, -kMost}) {
        EXPECT_TRUE(is_timely(kNow + off, kNow)) << off;
    }
    EXPECT_FALSE(is_timely(kNow + kMost + 1, kNow));
    EXPECT_FALSE(is_timely(kNow - kMost - 1, kNow));
    constexpr auto kLeast = std::numeric_limits<std::int64_t>::min();
    constexpr auto kLast = std::numeric_limits<std::int64_t>::max();
    for (const std::int64_t end : {kLeast, kLast, std::int64_t{0}, std::int64_t{-1}}) {
        EXPECT_FALSE(is_timely(end, kNow)) << end;
        EXPECT_FALSE(is_timely(kNow, end)) << end;
    }
}

#if __has_include(<rapidcheck/gtest.h>)
// Compares with a set of all datagrams taken: none is taken twice, and none is refused unless it
// was overtaken by 1024 or more. Includes restarts of senders and handovers of the receiver.
RC_GTEST_PROP(WindowsProperty, take_all_but_copies, ()) {
    const auto seed = *rc::gen::arbitrary<std::uint32_t>();
    std::mt19937_64 random(seed);
    auto windows = std::make_unique<ReplayWindows>();
    FakeClock clock;
    std::map<std::uint64_t, std::set<std::uint64_t>> taken;  // by epoch
    std::map<std::uint64_t, std::uint64_t> sent, highest;
    std::uint64_t epoch = 1;
    for (int step = 0; step < 4000; ++step) {
        const std::uint64_t what = random() % 1000;
        if (what == 0) ++epoch;  // the sender restarts; datagrams of the old epoch may still come
        if (what == 1) {
            auto next = std::make_unique<ReplayWindows>();
            windows->save([&](const wire::SealerState& s) { next->restore(s, clock.now()); });
            windows = std::move(next);
        }
        clock.advance(100ms);
        const std::uint64_t from = random() % 20 == 0 && epoch > 1 ? epoch - 1 : epoch;
        sent[from] += 1 + (random() % 50 == 0 ? random() % 3000 : 0);
        const std::uint64_t behind = random() % 3 == 0 ? 0 : random() % 1500;
        const std::uint64_t counter = sent[from] > behind ? sent[from] - behind : 1;
        const Stamp stamp{42, from, counter};
        const bool is_taken = !windows->has_seen(stamp) &&
                              windows->note(stamp, clock.unix_microseconds(), clock.now()) ==
                                  ReplayWindows::Noted::taken;
        const bool is_in_reach = counter + kSealWindow > highest[from];
        RC_ASSERT(is_taken == (is_in_reach && !taken[from].contains(counter)));
        if (is_taken) taken[from].insert(counter);
        if (is_taken) highest[from] = std::max(highest[from], counter);
    }
}
#endif

}  // namespace
}  // namespace mailslot::trust
