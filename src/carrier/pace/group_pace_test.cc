#include "carrier/pace/group_pace.h"

#include <gtest/gtest.h>

#include <map>
#include <vector>

namespace mailslot {
namespace {

using std::chrono::duration_cast;
using std::chrono::microseconds;
using std::chrono::milliseconds;
using std::chrono::nanoseconds;
using std::chrono::seconds;

constexpr std::size_t kBytes = 12'000;
constexpr std::uint64_t kMessages = 100;
constexpr double kFloor = 1e6;
constexpr std::uint32_t kBuffer = 1000;

Endpoint reader(std::size_t number) {
    return {IpAddress::v4(10, 0, 0, static_cast<std::uint8_t>(number)), 17138};
}

class GroupPaceTest : public testing::Test {
protected:
    // Sends a piece as soon as it may leave. Returns how long that was.
    nanoseconds send() {
        nanoseconds waited{};
        for (auto wait = pace_.wait(kBytes, now_); wait > wait.zero();
             wait = pace_.wait(kBytes, now_)) {
            now_ += wait;
            waited += wait;
        }
        pace_.left({sequence_, 0}, {sequence_ + kMessages, 0}, kBytes, now_);
        sequence_ += kMessages;
        return waited;
    }
    void send_burst() {
        for (int i = 0; i < 10; ++i) EXPECT_EQ(send(), nanoseconds::zero());
    }
    // A report of that reader that all sent so far has arrived, the last piece `ago`; the last 56
    // KB took `train`.
    GroupPace::Heard report(std::size_t from, milliseconds train = milliseconds(1),
                            microseconds ago = microseconds(500)) {
        const auto arrived = duration_cast<microseconds>((now_ - ago).time_since_epoch());
        const auto us = static_cast<std::uint32_t>(duration_cast<microseconds>(train).count());
        return pace_.heard(reader(from),
                           {.number = ++numbers_[from],
                            .highest = {sequence_, 0},
                            .counted_from = 1,
                            .messages = sequence_,
                            .bytes = kBytes * sequence_ / kMessages,
                            .arrived_us = static_cast<std::uint64_t>(arrived.count()),
                            .held_us = 100,
                            .sample_bytes = 56'000,
                            .sample_us = us,
                            .buffer_bytes = kBuffer,
                            .buffer_used = buffer_used_,
                            .families = 1},
                           now_);
    }
    // Sends for `time`; after each piece these readers report. Returns bytes a second.
    double stream(seconds time, const std::vector<std::size_t>& readers) {
        const auto begun = now_;
        double bytes = 0;
        while (now_ - begun < time) {
            send();
            bytes += kBytes;
            now_ += milliseconds(1);
            for (const std::size_t one : readers) report(one);
        }
        return bytes / std::chrono::duration<double>(now_ - begun).count();
    }

    GroupPace pace_{{.most = 100e6, .unheard = 4e6}, kFloor};
    GroupPace::Instant now_{std::chrono::hours(1)};
    std::uint64_t sequence_ = 0;
    std::map<std::size_t, std::uint32_t> numbers_;
    std::uint32_t buffer_used_ = 0;
};

TEST_F(GroupPaceTest, lets_the_first_128_KiB_go_at_once_and_then_waits_for_reports) {
    send_burst();
    EXPECT_EQ(pace_.wait(kBytes, now_), milliseconds(300));
    EXPECT_TRUE(pace_.is_in_first_burst());
}

TEST_F(GroupPaceTest, goes_on_at_the_rate_for_nobody_if_no_report_comes) {
    send_burst();
    const auto begun = now_;
    double bytes = 0;
    while (now_ - begun < seconds(10)) {
        send();
        bytes += kBytes;
    }
    EXPECT_TRUE(pace_.is_unheard());
    EXPECT_NEAR(bytes, 4e6 * 9.7, 2 * kBytes);
}

TEST_F(GroupPaceTest, goes_at_the_rate_of_the_slowest_reader) {
    send_burst();
    EXPECT_GT(pace_.wait(kBytes, now_), nanoseconds::zero());
    now_ += milliseconds(20);
    EXPECT_EQ(report(1, milliseconds(5)), GroupPace::Heard::taken);
    const double fast = pace_.rate();
    EXPECT_EQ(report(2, milliseconds(20)), GroupPace::Heard::taken);
    EXPECT_EQ(pace_.readers().size(), 2u);
    EXPECT_NEAR(pace_.rate(), 56'000 / 0.020, 0.1e6);
    EXPECT_GT(fast, 9e6);
    // No reader runs far ahead of the group.
    for (const auto& one : pace_.readers()) EXPECT_LE(one.pace.rate(), 1.5 * pace_.rate());
}

TEST_F(GroupPaceTest, waits_in_the_first_burst_for_every_reader_that_reported) {
    send_burst();
    EXPECT_GT(pace_.wait(kBytes, now_), nanoseconds::zero());
    now_ += milliseconds(5);
    const auto sent = sequence_;
    sequence_ = 200;  // the second reader has reported 24 of 120 kB
    report(2);
    sequence_ = sent;
    report(1);
    EXPECT_TRUE(pace_.is_in_first_burst());
    EXPECT_GT(pace_.wait(kBytes, now_), nanoseconds::zero());
    now_ += milliseconds(5);
    report(2, milliseconds(10));
    EXPECT_FALSE(pace_.is_in_first_burst());
}

TEST_F(GroupPaceTest, no_reader_brings_the_stream_below_the_floor) {
    send_burst();
    EXPECT_GT(pace_.wait(kBytes, now_), nanoseconds::zero());
    now_ += milliseconds(20);
    report(1, milliseconds(1));
    report(2, seconds(1));  // 56 KB a second
    EXPECT_LT(pace_.slowest().rate(), kFloor);
    EXPECT_EQ(pace_.rate(), kFloor);
    buffer_used_ = kBuffer;  // the second reader never has room
    EXPECT_NEAR(stream(seconds(3), {2}), kFloor, 0.1 * kFloor);
    EXPECT_LT(pace_.slowest().rate(), kFloor);
}

TEST_F(GroupPaceTest, a_reader_that_falls_silent_is_forgotten) {
    send_burst();
    EXPECT_GT(pace_.wait(kBytes, now_), nanoseconds::zero());
    now_ += milliseconds(20);
    report(1, milliseconds(2));
    report(2, milliseconds(10));
    EXPECT_LT(pace_.rate(), 6e6);
    const auto begun = now_;
    while (pace_.readers().size() > 1 && now_ - begun < seconds(3)) {
        send();
        now_ += milliseconds(1);
        report(1);
    }
    EXPECT_EQ(pace_.readers().size(), 1u);
    EXPECT_LT(now_ - begun, milliseconds(500));
    stream(seconds(1), {1});
    EXPECT_GT(pace_.rate(), 6e6);
}

TEST_F(GroupPaceTest, goes_at_the_rate_for_nobody_when_all_readers_have_gone) {
    send_burst();
    EXPECT_GT(pace_.wait(kBytes, now_), nanoseconds::zero());
    now_ += milliseconds(20);
    report(1);
    stream(seconds(1), {1});
    EXPECT_GT(pace_.rate(), 8e6);
    stream(seconds(3), {});
    EXPECT_TRUE(pace_.is_unheard());
    EXPECT_NEAR(stream(seconds(3), {}), 4e6, 0.2e6);
}

TEST_F(GroupPaceTest, a_late_reader_begins_at_the_rate_of_the_group) {
    send_burst();
    EXPECT_GT(pace_.wait(kBytes, now_), nanoseconds::zero());
    now_ += milliseconds(20);
    report(1);
    stream(seconds(1), {1});
    const double before = pace_.rate();
    EXPECT_EQ(report(2), GroupPace::Heard::taken);
    EXPECT_EQ(pace_.readers().size(), 2u);
    EXPECT_EQ(pace_.rate(), before);
}

// The stream was always slower than the rate for nobody, so the first burst of nobody never ends.
TEST_F(GroupPaceTest, a_reader_that_comes_when_others_have_begun_needs_no_first_burst) {
    for (int i = 0; i < 14; ++i) {
        EXPECT_LT(send(), milliseconds(100));
        now_ += microseconds(3500);
        if (i == 1) report(1, milliseconds(40));  // only of the first pieces: the rest is held up
    }
    ASSERT_FALSE(pace_.is_in_first_burst());
    EXPECT_EQ(report(2), GroupPace::Heard::taken);
    EXPECT_FALSE(pace_.is_in_first_burst());
}

TEST_F(GroupPaceTest, keeps_the_slowest_readers_when_there_are_too_many) {
    send_burst();
    EXPECT_GT(pace_.wait(kBytes, now_), nanoseconds::zero());
    now_ += milliseconds(50);
    report(1, milliseconds(40));
    for (std::size_t i = 2; i <= kMostGroupReaders; ++i) report(i, milliseconds(2));
    EXPECT_EQ(pace_.readers().size(), kMostGroupReaders);
    EXPECT_EQ(report(100), GroupPace::Heard::turned_away);
    now_ += kReaderKeeps;
    for (std::size_t i = 101; i < 150; ++i) EXPECT_NE(report(i), GroupPace::Heard::refused);
    EXPECT_EQ(pace_.readers().size(), kMostGroupReaders);
    EXPECT_EQ(pace_.readers().front().at, reader(1));
}

TEST_F(GroupPaceTest, refuses_reports_about_what_was_never_sent) {
    send_burst();
    sequence_ += kMessages;
    EXPECT_EQ(report(1), GroupPace::Heard::refused);
    EXPECT_TRUE(pace_.readers().empty());
}

TEST_F(GroupPaceTest, a_million_forged_reports_change_nothing) {
    send_burst();
    EXPECT_GT(pace_.wait(kBytes, now_), nanoseconds::zero());
    now_ += milliseconds(20);
    report(1);
    stream(seconds(1), {1});
    const double before = pace_.rate();
    const auto old = sequence_;
    sequence_ = 1'000'000'000;
    for (int i = 0; i < 1'000'000; ++i) {
        ASSERT_EQ(report(static_cast<std::size_t>(i % 200)), GroupPace::Heard::refused);
    }
    sequence_ = old;
    EXPECT_EQ(pace_.rate(), before);
    EXPECT_EQ(pace_.readers().size(), 1u);
}

}  // namespace
}  // namespace mailslot
