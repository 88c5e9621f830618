#include "carrier/pace/path_view.h"

#include <gtest/gtest.h>

#include <limits>

namespace mailslot {
namespace {

using std::chrono::duration_cast;
using std::chrono::microseconds;
using std::chrono::milliseconds;
using Seconds = PathView::Seconds;

// A writer that sends a piece of 10,000 bytes and 100 messages each millisecond, and a receiver
// whose clock has another zero.
class PathViewTest : public testing::Test {
protected:
    void send() {
        now_ += milliseconds(1);
        sent_.left({100 * pieces_, 0}, {100 * (pieces_ + 1), 0}, 10'000, is_paced_, now_);
        ++pieces_;
    }
    // The report about the last piece, if that took `delay` to arrive and nothing was lost.
    wire::Report report(microseconds delay = microseconds(500)) {
        const auto arrived = duration_cast<microseconds>((now_ + delay).time_since_epoch()) +
                             microseconds(77'000'000);
        return {.number = ++number_,
                .highest = {100 * pieces_, 0},
                .counted_from = 1,
                .messages = 100 * pieces_,
                .bytes = 10'000 * pieces_,
                .arrived_us = static_cast<std::uint64_t>(arrived.count()),
                .held_us = 100,
                .families = 1};
    }
    bool hear(const wire::Report& report, microseconds after = microseconds(1000)) {
        return view_.heard(report, sent_, now_ + after);
    }

    SentMarks sent_;
    PathView view_;
    std::uint64_t pieces_ = 0;
    std::uint32_t number_ = 0;
    bool is_paced_ = true;
    PathView::Instant now_{std::chrono::hours(1)};
};

TEST_F(PathViewTest, tells_round_trip_rate_and_no_loss) {
    for (int i = 0; i < 20; ++i) {
        send();
        ASSERT_TRUE(hear(report()));
    }
    EXPECT_NEAR(view_.round_trip().count(), 0.0009, 1e-6);  // 1 ms, of which 0.1 held
    EXPECT_NEAR(view_.interval().count(), 0.001, 1e-4);
    const auto flow = view_.flow(Seconds(0.01)).value();
    EXPECT_NEAR(flow.arrived, 10e6, 1e4);
    EXPECT_NEAR(flow.read, 10e6, 1e4);
    EXPECT_EQ(flow.lost, 0);
    EXPECT_TRUE(flow.is_paced);
    EXPECT_NEAR(flow.sent, 10e6, 0.1e6);
    EXPECT_NEAR(flow.queue.count(), 0, 1e-6);
    EXPECT_EQ(view_.acknowledged(), 200'000u);
    EXPECT_EQ(view_.lost_bytes(), 0u);
}

TEST_F(PathViewTest, a_report_that_comes_late_does_not_change_the_rate) {
    for (int i = 0; i < 20; ++i) {
        send();
        ASSERT_TRUE(hear(report(), microseconds(1000 + 300 * (i % 3))));
    }
    EXPECT_NEAR(view_.flow(Seconds(0.01))->arrived, 10e6, 1e4);
}

TEST_F(PathViewTest, tells_a_queue_above_the_least_delay) {
    for (int i = 0; i < 10; ++i) {
        send();
        ASSERT_TRUE(hear(report(microseconds(500 + 200 * i)), microseconds(5000)));
    }
    EXPECT_NEAR(view_.last_queue().count(), 0.0018, 1e-6);
    EXPECT_NEAR(view_.queue().count(), 0.0014, 1e-6);  // the least of 3 ms
}

TEST_F(PathViewTest, forgets_an_old_base_unless_told_to_keep_it) {
    for (const bool keeps : {false, true}) {
        view_.keep_base(keeps);
        now_ += milliseconds(10);
        send();
        ASSERT_TRUE(hear(report(microseconds(500)), microseconds(5000)));
        for (int i = 0; i < 4000; ++i) {
            send();
            ASSERT_TRUE(hear(report(microseconds(2500)), microseconds(5000)));
        }
        EXPECT_NEAR(view_.last_queue().count(), keeps ? 0.002 : 0, 1e-6);
    }
}

TEST_F(PathViewTest, tells_loss) {
    std::uint64_t lost = 0;
    for (int i = 0; i < 20; ++i) {
        send();
        auto r = report();
        if (i >= 10) lost += 1000;
        r.bytes -= lost;
        ASSERT_TRUE(hear(r));
    }
    EXPECT_NEAR(view_.flow(Seconds(0.005))->lost, 0.1, 1e-6);
    EXPECT_EQ(view_.lost_bytes(), 10'000u);
    EXPECT_FALSE(view_.has_new_loss());  // within the noise of a mark
    send();
    auto r = report();
    r.bytes -= lost + 2500;
    ASSERT_TRUE(hear(r));
    EXPECT_TRUE(view_.has_new_loss());
}

TEST_F(PathViewTest, tells_of_the_receivers_buffer) {
    send();
    ASSERT_TRUE(hear(report()));
    send();
    auto r = report();
    r.buffer_bytes = 1000;
    r.buffer_used = 250;
    r.kernel_drops = 3;
    ASSERT_TRUE(hear(r));
    EXPECT_EQ(view_.buffer_fill(), 0.25);
    EXPECT_TRUE(view_.has_new_drops());
}

TEST_F(PathViewTest, a_flow_is_paced_only_if_all_of_it_was) {
    for (int i = 0; i < 10; ++i) {
        is_paced_ = i != 5;
        send();
        ASSERT_TRUE(hear(report()));
    }
    EXPECT_TRUE(view_.flow(Seconds(0.002))->is_paced);
    EXPECT_FALSE(view_.flow(Seconds(0.008))->is_paced);
}

TEST_F(PathViewTest, refuses_what_cannot_be) {
    for (int i = 0; i < 5; ++i) {
        send();
        ASSERT_TRUE(hear(report()));
    }
    const wire::Report before = report();
    send();
    const wire::Report good = report();
    const auto with = [&](auto change) {
        wire::Report changed = good;
        change(changed);
        return changed;
    };
    using R = wire::Report;
    const wire::Report wrong[] = {
        before,
        with([](R& r) { r.highest.sequence = 10'000; }),
        with([](R& r) { r.highest.sequence = 100; }),
        with([](R& r) { r.arrived_us -= 2'000; }),
        with([](R& r) { r.arrived_us = 0; }),
        with([](R& r) { r.held_us = 20'000'000; }),
        with([](R& r) { r.bytes = 40'000; }),
        with([](R& r) { r.bytes = std::numeric_limits<std::uint64_t>::max(); }),
    };
    for (const wire::Report& r : wrong) {
        SCOPED_TRACE(&r - wrong);
        EXPECT_FALSE(hear(r));
        EXPECT_EQ(view_.acknowledged(), 50'000u);
    }
    EXPECT_FALSE(hear(good, std::chrono::seconds(11)));  // a round trip of 11 s
    EXPECT_TRUE(hear(good));
}

TEST_F(PathViewTest, bytes_that_were_never_sent_do_not_count) {
    for (std::uint64_t i = 1; i <= 10; ++i) {
        send();
        auto r = report();
        r.bytes = 18'000 * i;
        ASSERT_TRUE(hear(r));
    }
    EXPECT_LT(view_.flow(Seconds(0.005))->arrived, 13.1e6);
}

TEST_F(PathViewTest, begins_anew_with_a_receiver_that_counts_anew) {
    for (int i = 0; i < 5; ++i) {
        send();
        ASSERT_TRUE(hear(report()));
    }
    send();
    auto r = report();
    r.number = 1;
    r.counted_from = 501;
    r.messages = 100;
    r.bytes = 10'000;
    r.arrived_us = 5;
    EXPECT_TRUE(hear(r));
    EXPECT_FALSE(view_.flow(Seconds(0.01)));
    EXPECT_EQ(view_.last_queue().count(), 0);
}

TEST_F(PathViewTest, tells_a_train_from_a_slow_writer) {
    // Twelve pieces leave within 12 us and arrive 1 ms apart.
    const auto begun = now_;
    for (std::uint64_t i = 0; i < 12; ++i) {
        sent_.left({100 * i, 0}, {100 * (i + 1), 0}, 10'000, false,
                   begun + std::chrono::microseconds(i));
    }
    now_ = begun;
    for (pieces_ = 1; pieces_ <= 12; ++pieces_) {
        auto r = report(microseconds(1000 * pieces_));
        now_ = begun + milliseconds(pieces_);
        ASSERT_TRUE(hear(r));
        now_ = begun;
    }
    const auto train = view_.train(50'000).value();
    EXPECT_NEAR(train.rate, 10e6, 1e5);
    EXPECT_TRUE(train.was_together);
}

TEST_F(PathViewTest, a_writer_that_sends_slowly_sends_no_train) {
    for (int i = 0; i < 12; ++i) {
        send();
        ASSERT_TRUE(hear(report()));
    }
    EXPECT_FALSE(view_.train(50'000)->was_together);
}

TEST_F(PathViewTest, a_train_between_two_reports_is_the_receivers_sample) {
    send();
    EXPECT_FALSE(view_.train(50'000));
    auto r = report();
    r.sample_bytes = 5000;
    r.sample_us = 500;
    ASSERT_TRUE(hear(r));
    EXPECT_NEAR(view_.train(50'000)->rate, 10e6, 1);
}

}  // namespace
}  // namespace mailslot
