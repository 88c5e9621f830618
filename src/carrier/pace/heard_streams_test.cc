#include "carrier/pace/heard_streams.h"

#include <gtest/gtest.h>

#include <vector>

namespace mailslot {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

class HeardStreamsTest : public testing::Test {
protected:
    static constexpr std::size_t kMost = 4, kDatagram = 1200;

    static HeardStreams::Course course(std::uint64_t origin, std::string_view domain = {}) {
        return {origin, {IpAddress::v4(10, 0, 0, 1), 5000}, IpAddress::v4(10, 0, 0, 2), domain, 0};
    }
    // `bytes` of a stream come now.
    void hear(const HeardStreams::Course& course, std::size_t bytes) {
        for (std::size_t came = 0; came < bytes; came += kDatagram) {
            ++sequence_;
            streams_.heard(course, {.first = sequence_,
                                    .mark = {sequence_, 0},
                                    .messages = 1,
                                    .bytes = kDatagram,
                                    .at = now_,
                                    .families = wire::kHearsIpv4});
        }
    }
    // Returns the origins that get a report now.
    std::vector<std::uint64_t> report() {
        std::vector<std::uint64_t> origins;
        streams_.report(
            now_, [](const auto&) { return 200; },
            [](std::size_t) {
                return HeardStream::Buffer{1000, 10};
            },
            [&](const HeardStreams::Course& to, const wire::Report&) {
                origins.push_back(to.origin);
            });
        return origins;
    }
    bool is_reported(const HeardStreams::Course& to) {
        hear(to, 17 * 1024);
        return report() == std::vector{to.origin};
    }

    HeardStreams streams_{kMost};
    HeardStreams::Instant now_{std::chrono::hours(1)};
    std::uint64_t sequence_ = 0;
};

TEST_F(HeardStreamsTest, reports_a_stream_and_no_lone_message) {
    hear(course(1), kDatagram);
    EXPECT_FALSE(streams_.due());
    EXPECT_TRUE(report().empty());
    EXPECT_TRUE(is_reported(course(2)));
    EXPECT_FALSE(streams_.due());
}

TEST_F(HeardStreamsTest, reports_the_rest_of_a_stream_when_the_interval_is_over) {
    EXPECT_TRUE(is_reported(course(1)));
    hear(course(1), 4 * kDatagram);
    ASSERT_TRUE(streams_.due());
    EXPECT_TRUE(report().empty());
    now_ = *streams_.due();
    EXPECT_EQ(report(), std::vector<std::uint64_t>{1});
    EXPECT_FALSE(streams_.due());
}

TEST_F(HeardStreamsTest, a_report_that_has_not_earned_its_bytes_waits_for_more) {
    hear(course(1), 17 * 1024);
    streams_.report(
        now_, [](const auto&) { return 400; }, [](std::size_t) { return HeardStream::Buffer{}; },
        [](const auto&, const auto&) { ADD_FAILURE(); });
    EXPECT_FALSE(streams_.due());
    hear(course(1), 8 * kDatagram);
    EXPECT_EQ(report(), std::vector<std::uint64_t>{1});
}

TEST_F(HeardStreamsTest, many_short_streams_do_not_displace_a_stream_in_use) {
    EXPECT_TRUE(is_reported(course(1)));
    for (std::uint64_t origin = 100; origin < 1000; ++origin) hear(course(origin), kDatagram);
    EXPECT_EQ(streams_.size(), kMost);
    now_ += milliseconds(20);
    EXPECT_TRUE(is_reported(course(1)));
}

TEST_F(HeardStreamsTest, a_table_of_streams_in_use_takes_another_when_one_falls_silent) {
    for (std::uint64_t origin = 1; origin <= kMost; ++origin)
        EXPECT_TRUE(is_reported(course(origin)));
    EXPECT_FALSE(is_reported(course(9)));
    now_ += seconds(1);
    EXPECT_TRUE(is_reported(course(9)));
    EXPECT_EQ(streams_.size(), kMost);
}

TEST_F(HeardStreamsTest, a_stream_that_is_forgotten_before_its_report_gets_none) {
    hear(course(1), 17 * 1024);
    for (std::uint64_t origin = 2; origin <= kMost; ++origin) hear(course(origin), 17 * 1024);
    now_ += seconds(2);
    hear(course(9), kDatagram);
    EXPECT_EQ(report(), (std::vector<std::uint64_t>{2, 3, 4}));
}

TEST_F(HeardStreamsTest, a_stream_that_comes_by_two_interfaces_is_counted_at_one) {
    HeardStreams::Course first = course(1), second = course(1);
    first.interface = 2;
    second.interface = 3;
    hear(first, 8 * kDatagram);
    hear(second, 17 * 1024);
    EXPECT_TRUE(report().empty());
    now_ += milliseconds(100);  // nothing more comes by the first
    hear(second, 8 * kDatagram);
    EXPECT_EQ(report(), std::vector<std::uint64_t>{1});
}

TEST_F(HeardStreamsTest, a_sealed_stream_to_many_is_counted_from_one_address) {
    HeardStreams::Course first = course(1, "LAB"), second = course(1, "LAB");
    first.interface = second.interface = 2;
    second.from.port = 5001;
    hear(first, 8 * kDatagram);
    hear(second, 17 * 1024);
    EXPECT_TRUE(report().empty());
    hear(first, 8 * kDatagram);
    EXPECT_EQ(report(), std::vector<std::uint64_t>{1});
    EXPECT_EQ(streams_.size(), 1u);
}

TEST_F(HeardStreamsTest, strangers_take_no_room_from_sealed_streams) {
    for (std::uint64_t origin = 1; origin <= kMost; ++origin)
        EXPECT_TRUE(is_reported(course(origin)));
    EXPECT_TRUE(is_reported(course(9, "LAB")));
    EXPECT_TRUE(is_reported(course(1, "LAB")));  // the same origin, but another stream
}

}  // namespace
}  // namespace mailslot
