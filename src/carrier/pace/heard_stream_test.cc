#include "carrier/pace/heard_stream.h"

#include <gtest/gtest.h>

namespace mailslot {
namespace {

using std::chrono::microseconds;
using std::chrono::milliseconds;

constexpr std::size_t kReport = 160;

class HeardStreamTest : public testing::Test {
protected:
    // A datagram of 1200 bytes with 10 messages.
    void hear(std::uint32_t drops = 0) {
        stream_.heard({.first = next_,
                       .mark = {next_ + 9, 0},
                       .messages = 10,
                       .bytes = 1200,
                       .at = now_,
                       .families = wire::kHearsIpv4,
                       .kernel_drops = drops});
        next_ += 10;
    }
    void hear_many(std::size_t datagrams, microseconds apart) {
        for (std::size_t i = 0; i < datagrams; ++i) {
            now_ += apart;
            hear();
        }
    }
    std::optional<wire::Report> report() { return stream_.report(now_, kReport, {1000, 100}); }

    HeardStream stream_;
    std::uint64_t next_ = 1;
    HeardStream::Instant now_{std::chrono::hours(1)};
};

TEST_F(HeardStreamTest, reports_no_lone_message) {
    hear();
    now_ += std::chrono::seconds(1);
    EXPECT_FALSE(report());
    EXPECT_FALSE(stream_.due());
}

TEST_F(HeardStreamTest, reports_no_slow_trickle) {
    for (int i = 0; i < 100; ++i) {
        hear_many(1, milliseconds(100));
        EXPECT_FALSE(report());
    }
}

TEST_F(HeardStreamTest, tells_totals_and_the_place_and_time_of_the_furthest) {
    next_ = 101;
    hear_many(20, microseconds(100));
    now_ += microseconds(250);
    const auto r = report().value();
    EXPECT_EQ(r.number, 1u);
    EXPECT_EQ(r.highest, (wire::Mark{300, 0}));
    EXPECT_EQ(r.counted_from, 101u);
    EXPECT_EQ(r.messages, 200u);
    EXPECT_EQ(r.bytes, 24'000u);
    EXPECT_EQ(r.held_us, 250u);
    EXPECT_EQ(r.buffer_bytes, 1000u);
    EXPECT_EQ(r.buffer_used, 100u);
    EXPECT_EQ(r.families, wire::kHearsIpv4);
}

TEST_F(HeardStreamTest, a_late_datagram_counts_but_is_not_the_furthest) {
    hear_many(20, microseconds(100));
    const auto furthest = now_;
    now_ += milliseconds(2);
    const std::uint64_t next = std::exchange(next_, 1);
    hear();
    next_ = next;
    const auto r = report().value();
    EXPECT_EQ(r.highest.sequence, 200u);
    EXPECT_EQ(r.messages, 200u);  // never more than there are numbers
    EXPECT_EQ(r.bytes, 21u * 1200);
    EXPECT_EQ(r.held_us, 2000u);
    EXPECT_EQ(r.arrived_us,
              static_cast<std::uint64_t>(
                  std::chrono::duration_cast<microseconds>(furthest.time_since_epoch()).count()));
}

TEST_F(HeardStreamTest, samples_the_rate_of_the_later_half) {
    hear_many(50, microseconds(10));
    hear_many(60, microseconds(100));
    const auto r = report().value();
    ASSERT_GT(r.sample_us, 0u);
    EXPECT_NEAR(static_cast<double>(r.sample_bytes) / r.sample_us, 12, 0.5);
    EXPECT_GT(r.sample_bytes, 40'000u);
}

TEST_F(HeardStreamTest, a_train_that_came_at_once_has_a_sample) {
    hear_many(100, microseconds(0));
    const auto r = report().value();
    EXPECT_EQ(r.sample_us, 1u);
    EXPECT_GT(r.sample_bytes, 40'000u);
}

TEST_F(HeardStreamTest, reports_early_and_often_at_first_then_each_64_KiB) {
    int reports = 0;
    for (int i = 0; i < 110; ++i) {  // 132,000 bytes within 1 ms
        hear_many(1, microseconds(9));
        reports += report().has_value();
    }
    EXPECT_GE(reports, 7);
    hear_many(400, microseconds(9));
    (void)report();
    reports = 0;
    for (int i = 0; i < 1000; ++i) {
        hear_many(1, microseconds(100));  // 12 MB/s: 64 KiB each 5.5 ms
        reports += report().has_value();
    }
    EXPECT_NEAR(reports, 18, 2);
}

TEST_F(HeardStreamTest, never_reports_more_often_than_each_millisecond) {
    hear_many(1000, microseconds(1));
    while (report()) now_ += milliseconds(1);
    int reports = 0;
    for (int i = 0; i < 20'000; ++i) {  // 1.2 GB/s for 20 ms
        hear_many(1, microseconds(1));
        reports += report().has_value();
    }
    EXPECT_NEAR(reports, 20, 9);  // the first are not bound
}

TEST_F(HeardStreamTest, reports_a_slow_stream_each_10_ms_as_far_as_a_fiftieth_allows) {
    hear_many(20, microseconds(100));
    int reports = 0;
    std::uint64_t bytes = 0;
    for (int i = 0; i < 1000; ++i) {
        hear_many(1, milliseconds(1));  // 1.2 MB/s
        reports += report().has_value();
        bytes += 1200;
    }
    EXPECT_NEAR(reports, 100, 10);
    EXPECT_LE(static_cast<std::uint64_t>(reports) * kReport, bytes / 50 + 4096);
}

TEST_F(HeardStreamTest, never_spends_more_than_a_fiftieth) {
    std::uint64_t bytes = 0, spent = 0;
    for (int i = 0; i < 3000; ++i) {
        hear_many(1, milliseconds(5));
        bytes += 1200;
        if (report()) spent += kReport;
        ASSERT_LE(spent * kBytesForReportByte, bytes);
    }
    EXPECT_GT(spent, 0u);
}

TEST_F(HeardStreamTest, the_rest_of_a_burst_is_due_later) {
    hear_many(20, microseconds(10));
    EXPECT_TRUE(report());
    hear();
    EXPECT_FALSE(report());
    EXPECT_EQ(stream_.due(), now_ + milliseconds(10));
    now_ += milliseconds(10);
    EXPECT_TRUE(report());
    EXPECT_FALSE(stream_.due());
}

TEST_F(HeardStreamTest, tells_of_kernel_drops_soon) {
    hear_many(1000, microseconds(10));
    while (report()) now_ += milliseconds(1);
    now_ += milliseconds(2);
    hear(7);
    EXPECT_EQ(report().value().kernel_drops, 7u);
}

}  // namespace
}  // namespace mailslot
