#include "carrier/pace/path_pace.h"

#include <gtest/gtest.h>

#include <utility>

namespace mailslot {
namespace {

using std::chrono::duration_cast;
using std::chrono::microseconds;
using std::chrono::milliseconds;
using std::chrono::nanoseconds;

constexpr std::size_t kBytes = 12'000;
constexpr std::uint64_t kMessages = 100;

class PathPaceTest : public testing::Test {
protected:
    // Sends a piece as soon as it may leave.
    nanoseconds send(PathPace& pace) {
        nanoseconds waited{};
        for (auto wait = pace.wait(kBytes, now_); wait > wait.zero();
             wait = pace.wait(kBytes, now_)) {
            now_ += wait;
            waited += wait;
        }
        pace.left({sequence_, 0}, {sequence_ + kMessages, 0}, kBytes, now_);
        sequence_ += kMessages;
        return waited;
    }
    // Sends 120 kB and wants to send more on a path of which this is remembered.
    void begin_with_memory(PathPace& pace, const PathPace::Memory& memory) {
        for (int i = 0; i < 10; ++i) send(pace);
        EXPECT_FALSE(pace.wants_memory());
        EXPECT_GT(pace.wait(kBytes, now_), nanoseconds::zero());
        EXPECT_TRUE(pace.wants_memory());
        pace.remember(memory);
        EXPECT_FALSE(pace.wants_memory());
    }
    // A report that all sent so far has arrived, the last piece `delay` ago.
    wire::Report report(microseconds delay = milliseconds(1)) {
        const auto arrived = duration_cast<microseconds>((now_ - delay).time_since_epoch());
        return {.number = ++number_,
                .highest = {sequence_, 0},
                .counted_from = 1,
                .messages = sequence_,
                .bytes = kBytes * sequence_ / kMessages,
                .arrived_us = static_cast<std::uint64_t>(arrived.count()),
                .held_us = 100,
                .sample_bytes = 8000,
                .sample_us = 1000,
                .families = 1};
    }
    // Sends 120 kB and wants to send more; all of these have arrived after 15 ms.
    void begin(PathPace& pace) {
        for (int i = 0; i < 10; ++i) send(pace);
        EXPECT_GT(pace.wait(kBytes, now_), nanoseconds::zero());
        now_ += milliseconds(16);
        EXPECT_TRUE(pace.heard(report(), now_));
    }
    // Sends for `time` at the pace, with a report after each piece, 1 ms after it left.
    double stream(PathPace& pace, milliseconds time) {
        const auto begun = now_;
        double bytes = 0;
        while (now_ - begun < time) {
            send(pace);
            bytes += kBytes;
            now_ += milliseconds(1);
            EXPECT_TRUE(pace.heard(report(microseconds(500)), now_));
        }
        return bytes / std::chrono::duration<double>(now_ - begun).count();
    }

    PathPace::Instant now_{std::chrono::hours(1)};
    std::uint64_t sequence_ = 0;
    std::uint32_t number_ = 0;
};

TEST_F(PathPaceTest, lets_the_first_128_KiB_go_at_once_and_then_waits_for_a_report) {
    PathPace pace({});
    for (int i = 0; i < 10; ++i) EXPECT_EQ(send(pace), nanoseconds::zero());
    EXPECT_EQ(pace.wait(kBytes, now_), milliseconds(300));
    EXPECT_EQ(pace.state(), PathPace::State::first_burst);
}

TEST_F(PathPaceTest, goes_on_at_the_rate_for_nobody_if_no_report_comes) {
    PathPace pace({.unheard = 1e6});
    const auto begun = now_;
    double bytes = 0;
    while (now_ - begun < std::chrono::seconds(10)) {
        send(pace);
        bytes += kBytes;
    }
    EXPECT_EQ(pace.state(), PathPace::State::unheard);
    EXPECT_NEAR(bytes, 128 * 1024 + 1e6 * 9.7, 2 * kBytes);
}

TEST_F(PathPaceTest, a_stream_below_the_rate_for_nobody_never_waits) {
    PathPace pace({.unheard = 2.4e6});
    for (int i = 0; i < 2000; ++i) {  // half of that rate, without reports and then with reports
        EXPECT_EQ(pace.wait(kBytes, now_), nanoseconds::zero());
        EXPECT_EQ(send(pace), nanoseconds::zero());
        now_ += milliseconds(10);
        if (i <= 1000) continue;
        EXPECT_TRUE(pace.heard(report(milliseconds(9)), now_));
    }
    EXPECT_EQ(pace.state(), PathPace::State::first_burst);
    // Much more at once has a first burst of its own.
    for (int i = 0; i < 10; ++i) EXPECT_EQ(send(pace), nanoseconds::zero());
    EXPECT_GT(pace.wait(kBytes, now_), nanoseconds::zero());
    now_ += milliseconds(8);
    wire::Report half = report();
    half.highest.sequence = half.messages = sequence_ - 5 * kMessages;
    half.bytes -= 5 * kBytes;
    EXPECT_TRUE(pace.heard(half, now_));
    EXPECT_EQ(pace.state(), PathPace::State::first_burst);
    now_ += milliseconds(8);
    EXPECT_TRUE(pace.heard(report(), now_));
    EXPECT_EQ(pace.state(), PathPace::State::growing);
    EXPECT_NEAR(pace.rate(), 7.2e6, 0.1e6);
}

TEST_F(PathPaceTest, begins_a_little_below_the_rate_of_the_train) {
    PathPace pace({});
    begin(pace);  // 8 MB/s
    EXPECT_EQ(pace.state(), PathPace::State::growing);
    EXPECT_LT(pace.rate(), 8e6);
    EXPECT_GT(pace.rate(), 7.5e6);
}

TEST_F(PathPaceTest, begins_with_what_arrived_if_others_fill_the_queue) {
    PathPace pace({});
    for (int i = 0; i < 10; ++i) send(pace);
    EXPECT_GT(pace.wait(kBytes, now_), nanoseconds::zero());
    now_ += milliseconds(20);
    wire::Report half = report();
    half.bytes /= 2;
    half.messages /= 2;
    EXPECT_TRUE(pace.heard(half, now_));
    EXPECT_NEAR(pace.rate(), 60'000 / 0.020, 1000);
}

TEST_F(PathPaceTest, begins_well_above_the_rate_of_a_writer_that_was_slower_than_the_path) {
    PathPace pace({});
    while (pace.state() == PathPace::State::first_burst) {
        send(pace);
        now_ += microseconds(600);  // 20 MB/s
        EXPECT_TRUE(pace.heard(report(microseconds(500)), now_));
    }
    EXPECT_EQ(pace.state(), PathPace::State::growing);
    EXPECT_GT(pace.rate(), 30e6);
    EXPECT_LT(pace.rate(), 40e6);
}

TEST_F(PathPaceTest, begins_with_what_is_known_if_the_rest_of_the_train_is_lost) {
    PathPace pace({});
    for (int i = 0; i < 10; ++i) send(pace);
    EXPECT_GT(pace.wait(kBytes, now_), nanoseconds::zero());
    wire::Report half = report();
    half.highest.sequence = half.messages = sequence_ / 2;
    half.bytes /= 2;
    now_ += milliseconds(10);
    ASSERT_TRUE(pace.heard(half, now_));
    EXPECT_GT(pace.wait(kBytes, now_), nanoseconds::zero());
    now_ += milliseconds(61);
    EXPECT_EQ(pace.wait(kBytes, now_), nanoseconds::zero());
    EXPECT_EQ(pace.state(), PathPace::State::growing);
}

TEST_F(PathPaceTest, a_remembered_path_is_used_at_once) {
    PathPace pace({});
    begin_with_memory(pace, {10e6, PathPace::Seconds(0.1)});
    const auto begun = now_;
    for (int i = 0; i < 40; ++i) send(pace);
    const double took = std::chrono::duration<double>(now_ - begun).count();
    EXPECT_NEAR(took, (64 * 1024 + 40 * kBytes) / 9.5e6, 0.005);
}

TEST_F(PathPaceTest, a_remembered_path_that_is_long_and_fast_begins_as_an_unknown_path) {
    PathPace pace({});
    for (int i = 0; i < 10; ++i) send(pace);
    EXPECT_GT(pace.wait(kBytes, now_), nanoseconds::zero());
    pace.remember({125e6, PathPace::Seconds(0.1)});
    EXPECT_EQ(pace.state(), PathPace::State::first_burst);
    EXPECT_EQ(pace.wait(kBytes, now_), milliseconds(300));
}

TEST_F(PathPaceTest, a_remembered_path_gets_no_more_than_a_small_queue_holds_before_a_report) {
    PathPace pace({});
    begin_with_memory(pace, {100e6, PathPace::Seconds(0.001)});
    const auto begun = now_;
    std::size_t bytes = 10 * kBytes;
    for (; now_ - begun < milliseconds(50); bytes += kBytes) send(pace);
    EXPECT_LT(bytes, 192 * 1024 + 100e6 * 0.0005 + 2 * kBytes);
}

TEST_F(PathPaceTest, a_remembered_path_that_is_much_slower_has_the_rate_of_the_train) {
    for (const double remembered : {8.1e6, 100e6}) {  // the train has 8 MB/s
        SCOPED_TRACE(remembered);
        PathPace pace({});
        sequence_ = number_ = 0;
        begin_with_memory(pace, {remembered, PathPace::Seconds(0.001)});
        now_ += milliseconds(1);
        wire::Report first = report();
        first.highest.sequence = first.messages = 2 * kMessages;
        first.bytes = 2 * kBytes;
        EXPECT_TRUE(pace.heard(first, now_));
        now_ += milliseconds(15);
        EXPECT_TRUE(pace.heard(report(), now_));
        const bool is_slower = remembered > 8e6;
        EXPECT_LT(pace.rate(), 8e6);
        EXPECT_GT(pace.rate(), 6e6);
        EXPECT_EQ(pace.rate() < 0.9 * remembered, is_slower);
        EXPECT_EQ(pace.memory()->rate < remembered, is_slower);
    }
}

TEST_F(PathPaceTest, many_short_streams_do_not_forget_the_rate_of_the_path) {
    double rate = 8e6;
    for (int streams = 0; streams < 20; ++streams) {
        PathPace pace({});
        sequence_ = number_ = 0;
        begin_with_memory(pace, {rate, PathPace::Seconds(0.001)});
        now_ += milliseconds(16);
        EXPECT_TRUE(pace.heard(report(), now_));
        stream(pace, milliseconds(30));
        rate = pace.memory()->rate;
    }
    EXPECT_GT(rate, 7e6);
}

TEST_F(PathPaceTest, a_remembered_path_that_is_silent_is_left) {
    PathPace pace({.unheard = 1e6});
    begin_with_memory(pace, {100e6, PathPace::Seconds(0.001)});
    const auto begun = now_;
    double bytes = 0;
    while (now_ - begun < milliseconds(299)) {
        send(pace);
        bytes += kBytes;
    }
    EXPECT_LT(bytes, 3e6);
    send(pace);
    EXPECT_EQ(pace.rate(), 1e6);
}

TEST_F(PathPaceTest, grows_while_all_arrives_up_to_the_writers_own_bound) {
    PathPace pace({.most = 9e6});
    begin(pace);
    stream(pace, milliseconds(1000));
    EXPECT_EQ(pace.rate(), 9e6);
    EXPECT_EQ(pace.limit(), PathPace::Limit::setting);
    EXPECT_LT(stream(pace, milliseconds(500)), 9.3e6);
}

TEST_F(PathPaceTest, a_plain_queue_ends_the_last_step_of_growth_at_once) {
    PathPace pace({});
    begin(pace);
    stream(pace, milliseconds(300));
    const double before = pace.rate();
    auto left = now_;
    microseconds queue{};
    while (pace.state() == PathPace::State::growing && queue < milliseconds(5)) {
        const auto left_before = std::exchange(left, (send(pace), now_));
        queue += duration_cast<microseconds>((left - left_before) / 4);  // arrives at 0.8 of it
        now_ += microseconds(200);
        EXPECT_TRUE(pace.heard(report(microseconds(500) - queue), now_));
    }
    EXPECT_EQ(pace.state(), PathPace::State::steady);
    EXPECT_LT(queue, microseconds(2000));
    EXPECT_LT(pace.rate(), 0.9 * before);
}

TEST_F(PathPaceTest, a_writer_that_sends_little_does_not_grow) {
    PathPace pace({});
    begin(pace);
    stream(pace, milliseconds(1));  // had to wait for the report
    EXPECT_EQ(pace.limit(), PathPace::Limit::path);
    const double rate = pace.rate();
    for (int i = 0; i < 100; ++i) {
        now_ += milliseconds(10);
        send(pace);
        now_ += milliseconds(1);
        ASSERT_TRUE(pace.heard(report(microseconds(500)), now_));
    }
    EXPECT_EQ(pace.rate(), rate);
    EXPECT_EQ(pace.limit(), PathPace::Limit::none);
}

TEST_F(PathPaceTest, a_short_burst_after_a_rest_leaves_at_once) {
    PathPace pace({});
    begin(pace);
    stream(pace, milliseconds(100));
    for (int rest = 0; rest < 3; ++rest) {
        now_ += std::chrono::seconds(2);
        for (int i = 0; i < 8; ++i) EXPECT_EQ(send(pace), nanoseconds::zero());
        now_ += milliseconds(1);
        EXPECT_TRUE(pace.heard(report(microseconds(500)), now_));
        EXPECT_NE(pace.state(), PathPace::State::unheard);
    }
}

TEST_F(PathPaceTest, bounds_the_bytes_in_flight_and_halves_its_rate_in_silence) {
    PathPace pace({});
    begin(pace);
    stream(pace, milliseconds(100));
    const double rate = pace.rate();
    const auto begun = now_;
    std::size_t bytes = 0;
    while (pace.state() != PathPace::State::unheard) {
        send(pace);
        bytes += kBytes;
    }
    EXPECT_LT(now_ - begun, milliseconds(320));
    EXPECT_LT(static_cast<double>(bytes), 0.03 * rate + 100'000);
    EXPECT_LE(pace.rate(), rate / 2);
    while (now_ - begun < std::chrono::seconds(6)) send(pace);
    EXPECT_EQ(pace.rate(), 8.0 * 1024 * 1024);
    now_ += milliseconds(1);
    EXPECT_TRUE(pace.heard(report(microseconds(500)), now_));
    EXPECT_EQ(pace.state(), PathPace::State::growing);
}

TEST_F(PathPaceTest, respects_a_full_buffer_and_kernel_drops_of_the_reader) {
    PathPace pace({});
    begin(pace);
    stream(pace, milliseconds(100));
    double rate = pace.rate();
    for (const std::uint32_t drops : {0u, 5u}) {
        send(pace);
        now_ += milliseconds(1);
        wire::Report full = report(microseconds(500));
        full.buffer_bytes = 1000;
        full.buffer_used = drops == 0 ? 900 : 0;
        full.kernel_drops = drops;
        ASSERT_TRUE(pace.heard(full, now_));
        EXPECT_LT(pace.rate(), 0.9 * rate);
        EXPECT_EQ(pace.limit(), PathPace::Limit::reader);
        rate = pace.rate();
    }
}

TEST_F(PathPaceTest, never_goes_below_its_floor) {
    PathPace pace({});
    begin(pace);
    std::uint32_t drops = 0;
    for (int i = 0; i < 200; ++i) {
        send(pace);
        now_ += milliseconds(5);
        wire::Report bad = report(microseconds(500));
        bad.kernel_drops = ++drops;
        (void)pace.heard(bad, now_);
    }
    EXPECT_EQ(pace.rate(), 64.0 * 1024);
}

TEST_F(PathPaceTest, has_a_memory_only_of_a_known_path) {
    PathPace pace({});
    EXPECT_FALSE(pace.memory());
    begin(pace);
    EXPECT_FALSE(pace.memory()) << "the rate is not proven";
    stream(pace, milliseconds(20));
    EXPECT_GE(pace.memory()->rate, 7.5e6);
    EXPECT_LE(pace.memory()->rate, pace.rate());
}

}  // namespace
}  // namespace mailslot
