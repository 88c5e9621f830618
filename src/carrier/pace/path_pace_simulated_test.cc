// The controller on simulated paths: a row for each goal of docs/protocol/pace.md, "Measured in
// simulation". The seeds are fixed.
#include <gtest/gtest.h>

#include <memory>
#include <string>
#include <vector>

#include "carrier/pace/testing/path_simulator.h"

namespace mailslot {
namespace {

using namespace testing;
using std::chrono::milliseconds;
using std::chrono::seconds;

constexpr double kMbit = 1e6 / 8;
// Share of a link that is payload.
constexpr double kPayload =
    double{Stream::kDatagram} / double{Stream::kDatagram + Stream::kHeaders};

double in_seconds(Nanoseconds time) { return std::chrono::duration<double>(time).count(); }

// Runs until `end`, and returns the bytes that arrived meanwhile.
double arrived_until(Events& events, const Stream& stream, Instant end) {
    const double before = stream.arrived();
    events.run_until(end);
    return stream.arrived() - before;
}

// Jain's index.
double fairness(const std::vector<double>& shares) {
    double sum = 0, squares = 0;
    for (const double share : shares) {
        sum += share;
        squares += share * share;
    }
    return sum * sum / (static_cast<double>(shares.size()) * squares);
}

struct Path {
    double mbit;
    milliseconds delay;
    double most_lost;   // of all bytes
    double most_times;  // the time that the link needs for the payload
};

TEST(PathPaceSimulated, a_file_arrives_whole_at_the_speed_of_the_link) {
    const Path paths[] = {
        {10, milliseconds(0), 0.0001, 1.02},   {10, milliseconds(5), 0.0001, 1.02},
        {10, milliseconds(50), 0.0001, 1.05},  {100, milliseconds(0), 0.0001, 1.02},
        {100, milliseconds(5), 0.0001, 1.03},  {100, milliseconds(50), 0.0001, 1.1},
        {1000, milliseconds(0), 0.008, 1.06},  {1000, milliseconds(5), 0.008, 1.25},
        {1000, milliseconds(50), 0.001, 2.45},  // a round trip is the price of the proof
    };
    constexpr double kTotal = 32e6;
    for (const Path& path : paths) {
        for (const std::uint64_t seed : {1, 2}) {
            SCOPED_TRACE(std::to_string(path.mbit) + " Mbit/s, " +
                         std::to_string(path.delay.count()) + " ms, seed " + std::to_string(seed));
            Events events(seed);
            const Instant begun = events.now();
            Bottleneck link(events, {.rate = path.mbit * kMbit, .delay = path.delay});
            Stream stream(events, link, {.total = kTotal});
            while (!stream.is_done()) events.run_until(events.now() + milliseconds(10));
            const double rest = link.queued() / (path.mbit * kMbit);
            const double took = in_seconds(stream.done_at() - begun) + rest;
            events.run_until(events.now() + seconds(1));
            EXPECT_LE(stream.lost_share(), path.most_lost);
            EXPECT_LE(took, path.most_times * kTotal / kPayload / (path.mbit * kMbit));
        }
    }
}

TEST(PathPaceSimulated, a_remembered_path_loses_nothing_and_does_not_wait) {
    for (const double mbit : {10.0, 100.0, 1000.0}) {
        SCOPED_TRACE(mbit);
        Events events(1);
        const Instant begun = events.now();
        Bottleneck link(events, {.rate = mbit * kMbit});
        Stream first(events, link, {.total = 3 * mbit * kMbit});
        events.run_until(begun + seconds(4));
        Stream second(events, link, {.memory = first.pace().memory()});
        const double lost = first.lost();
        const double arrived = arrived_until(events, second, begun + milliseconds(4500));
        EXPECT_GT(arrived, 0.9 * kPayload * 0.5 * mbit * kMbit);
        EXPECT_EQ(second.lost(), 0);
        EXPECT_EQ(first.lost(), lost);
    }
}

TEST(PathPaceSimulated, a_path_that_became_slower_than_remembered_loses_next_to_nothing) {
    struct Case {
        double remembered, mbit;
        milliseconds delay;
        double most_lost;  // bytes
    };
    const Case cases[] = {{1000, 10, milliseconds(0), 0},    {1000, 100, milliseconds(0), 0},
                          {1000, 500, milliseconds(0), 0},   {100, 10, milliseconds(0), 0},
                          {100, 50, milliseconds(5), 0},     {1000, 100, milliseconds(5), 600e3},
                          {100, 10, milliseconds(50), 600e3}};
    for (const Case& c : cases) {
        SCOPED_TRACE(std::to_string(c.remembered) + " to " + std::to_string(c.mbit) + " Mbit/s, " +
                     std::to_string(c.delay.count()) + " ms");
        Events events(1);
        Bottleneck link(events, {.rate = c.mbit * kMbit, .delay = c.delay});
        const PathPace::Memory memory{c.remembered * kMbit, 2 * c.delay + milliseconds(1)};
        Stream stream(events, link, {.memory = memory});
        events.run_until(events.now() + seconds(2));
        EXPECT_LE(stream.lost(), c.most_lost);
        EXPECT_GT(stream.arrived(), 0.8 * kPayload * c.mbit * kMbit * 2);
    }
}

TEST(PathPaceSimulated, a_path_that_became_faster_than_remembered_is_used_at_once) {
    for (const double mbit : {100.0, 1000.0}) {
        SCOPED_TRACE(mbit);
        Events events(1);
        Bottleneck link(events, {.rate = mbit * kMbit});
        const PathPace::Memory memory{10 * kMbit, milliseconds(1)};
        Stream stream(events, link, {.memory = memory});
        events.run_until(events.now() + milliseconds(300));
        EXPECT_GT(stream.arrived(), 0.8 * kPayload * mbit * kMbit * 0.3);
        EXPECT_LT(stream.lost_share(), 0.01);
    }
}

TEST(PathPaceSimulated, a_stream_with_a_memory_joins_a_stream_that_fills_the_path) {
    for (const double mbit : {10.0, 100.0, 1000.0}) {
        SCOPED_TRACE(mbit);
        Events events(1);
        const Instant begun = events.now();
        Bottleneck link(events, {.rate = mbit * kMbit});
        Stream first(events, link, {});
        const PathPace::Memory memory{kPayload * mbit * kMbit, milliseconds(1)};
        Stream second(events, link, {.begins = seconds(2), .memory = memory});
        events.run_until(begun + seconds(4));
        const double before = second.arrived();
        const double first_got = arrived_until(events, first, begun + seconds(6));
        EXPECT_GT(fairness({first_got, second.arrived() - before}), 0.9);
        EXPECT_LT(first.lost() + second.lost(), (mbit < 1000 ? 0.0005 : 0.003) * mbit * kMbit * 4);
    }
}

TEST(PathPaceSimulated, a_fast_path_is_used_within_some_milliseconds) {
    Events events(1);
    const Instant begun = events.now();
    Bottleneck link(events, {.rate = 4e9, .burst = 1e6, .limit = 1e9});
    Stream stream(events, link, {.sender = 2e9, .reader = 1.5e9});
    EXPECT_GT(arrived_until(events, stream, begun + milliseconds(20)), 0.6e9 * 0.020);
    EXPECT_GT(arrived_until(events, stream, begun + milliseconds(100)), 1.2e9 * 0.080);
    EXPECT_EQ(stream.lost(), 0);
}

// As a request and its answer, again and again.
TEST(PathPaceSimulated, a_writer_slower_than_the_path_is_hardly_held_up) {
    for (const double sender : {9e6, 12e6, 30e6, 60e6}) {
        SCOPED_TRACE(sender);
        Events events(1);
        Bottleneck link(events, {});
        Stream stream(events, link, {.sender = sender});
        events.run_until(events.now() + milliseconds(100));
        EXPECT_GT(stream.arrived(), 0.85 * 0.1 * sender);
        const double before = stream.arrived();
        events.run_until(events.now() + milliseconds(100));
        EXPECT_GT(stream.arrived() - before, 0.98 * 0.1 * sender);
    }
}

TEST(PathPaceSimulated, a_reader_slower_than_the_network_loses_nothing) {
    Events events(1);
    const Instant begun = events.now();
    Bottleneck link(events, {.rate = 4e9, .burst = 1e6, .limit = 1e9});
    Stream stream(events, link, {.sender = 2e9, .reader = 0.3e9});
    events.run_until(begun + milliseconds(50));
    EXPECT_GT(arrived_until(events, stream, begun + milliseconds(200)), 0.8 * 0.3e9 * 0.15);
    EXPECT_EQ(stream.lost(), 0);
    EXPECT_EQ(stream.pace().limit(), PathPace::Limit::reader);
}

TEST(PathPaceSimulated, shares_a_link_with_tcp) {
    for (const bool is_tcp_first : {false, true}) {
        SCOPED_TRACE(is_tcp_first);
        Events events(1);
        const Instant begun = events.now();
        const double rate = 100 * kMbit;
        Bottleneck link(events, {.rate = rate});
        const Nanoseconds later = seconds(3);
        Tcp tcp(events, link, is_tcp_first ? Nanoseconds() : later);
        Stream stream(events, link, {.begins = is_tcp_first ? later : Nanoseconds()});
        events.run_until(begun + later);
        const double before = tcp.arrived();
        double ours = 0;
        int competing = 0;
        for (Instant now = begun + later; now < begun + seconds(23);) {
            now += milliseconds(100);
            ours += arrived_until(events, stream, now);
            competing += stream.pace().state() == PathPace::State::competing;
        }
        EXPECT_GT(ours, 0.3 * rate * 20);
        EXPECT_GT(tcp.arrived() - before, 0.3 * rate * 20);
        EXPECT_GT(competing, 50);  // of 200
        // Back to a short queue when TCP has gone.
        tcp.stop();
        events.run_until(begun + seconds(29));
        EXPECT_NE(stream.pace().state(), PathPace::State::competing);
        EXPECT_GT(arrived_until(events, stream, begun + seconds(31)), 0.95 * kPayload * rate * 2);
    }
}

TEST(PathPaceSimulated, streams_share_a_link_equally) {
    for (const double mbit : {100.0, 1000.0}) {
        for (const std::size_t count : {2u, 4u}) {
            SCOPED_TRACE(std::to_string(mbit) + " Mbit/s, " + std::to_string(count));
            Events events(3);
            const Instant begun = events.now();
            Bottleneck link(events, {.rate = mbit * kMbit});
            std::vector<std::unique_ptr<Stream>> streams;
            for (std::size_t i = 0; i < count; ++i) {
                const auto later = milliseconds(i < 2 ? 300 * i : 1700 + 100 * i);
                streams.push_back(
                    std::make_unique<Stream>(events, link, Stream::Setting{.begins = later}));
            }
            const Instant from = begun + milliseconds(count == 2 ? 2300 : 4000);
            events.run_until(from);
            std::vector<double> shares;
            for (const auto& stream : streams) shares.push_back(-stream->arrived());
            events.run_until(from + seconds(2));
            double all = 0;
            for (std::size_t i = 0; i < count; ++i) {
                shares[i] += streams[i]->arrived();
                all += shares[i];
            }
            EXPECT_GT(fairness(shares), 0.9);
            EXPECT_GT(all, 0.95 * kPayload * mbit * kMbit * 2);
            // The empty queue of a faster link may hide in the noise of wake-ups.
            if (mbit > 100) continue;
            for (const auto& stream : streams) {
                EXPECT_NE(stream->pace().state(), PathPace::State::competing);
            }
        }
    }
}

// Two of four first bursts do not fit into the queue.
TEST(PathPaceSimulated, streams_that_begin_together_lose_little_but_their_first_bursts) {
    for (const std::uint64_t seed : {1, 2, 3, 4, 5, 6, 7, 8}) {
        SCOPED_TRACE(seed);
        Events events(seed);
        Bottleneck link(events, {.rate = 100 * kMbit});
        std::vector<std::unique_ptr<Stream>> streams;
        for (int i = 0; i < 4; ++i) {
            const auto begins = milliseconds(2 * i);
            streams.push_back(
                std::make_unique<Stream>(events, link, Stream::Setting{.begins = begins}));
        }
        events.run_until(events.now() + seconds(3));
        double lost = 0;
        for (const auto& stream : streams) lost += stream->lost();
        EXPECT_LT(lost, 3 * 128 * 1024);
    }
}

TEST(PathPaceSimulated, follows_a_bottleneck_that_changes) {
    for (const auto delay : {milliseconds(0), milliseconds(5)}) {
        SCOPED_TRACE(delay.count());
        Events events(2);
        const Instant begun = events.now();
        Bottleneck link(events, {.rate = 1000 * kMbit, .delay = delay});
        Stream stream(events, link, {});
        events.run_until(begun + milliseconds(1300));
        link.change_rate(50 * kMbit);
        events.run_until(begun + milliseconds(1800));
        EXPECT_GT(arrived_until(events, stream, begun + milliseconds(3300)),
                  0.95 * kPayload * 50 * kMbit * 1.5);
        link.change_rate(1000 * kMbit);
        events.run_until(begun + milliseconds(5300));
        EXPECT_GT(arrived_until(events, stream, begun + milliseconds(5800)),
                  0.8 * kPayload * 1000 * kMbit * 0.5);
        EXPECT_LT(stream.lost_share(), 0.01);
    }
}

TEST(PathPaceSimulated, random_loss_does_not_slow_a_stream_down) {
    for (const auto delay : {milliseconds(0), milliseconds(5), milliseconds(50)}) {
        SCOPED_TRACE(delay.count());
        Events events(1);
        const double rate = 100 * kMbit;
        Bottleneck link(events, {.rate = rate, .delay = delay, .loss = 0.01});
        Stream stream(events, link, {});
        EXPECT_GT(arrived_until(events, stream, events.now() + seconds(4)), 0.85 * rate * 4);
        EXPECT_LT(stream.lost_share(), 0.015);
    }
}

TEST(PathPaceSimulated, keeps_to_its_pace_without_reports) {
    Events events(1);
    Bottleneck link(events, {.rate = 100 * kMbit});
    Stream stream(events, link, {.has_reports = false});
    events.run_until(events.now() + seconds(5));
    EXPECT_EQ(stream.pace().state(), PathPace::State::unheard);
    EXPECT_NEAR(stream.sent() / 5, 8.0 * 1024 * 1024, 1e6);
    EXPECT_EQ(stream.lost(), 0);
}

TEST(PathPaceSimulated, a_stream_below_the_rate_for_nobody_fits_a_slower_path) {
    for (const double mbit : {1.0, 10.0, 20.0, 40.0}) {
        for (const auto delay : {milliseconds(0), milliseconds(5), milliseconds(50)}) {
            SCOPED_TRACE(std::to_string(mbit) + " Mbit/s, " + std::to_string(delay.count()) +
                         " ms");
            Events events(1);
            Bottleneck link(events, {.rate = mbit * kMbit, .delay = delay});
            Stream stream(events, link, {.sender = 3.0 * mbit * kMbit});  // without a pause
            events.run_until(events.now() + seconds(10));
            // What leaves before the first report about it is lost.
            EXPECT_LE(stream.lost_share(), delay < milliseconds(50) ? 0.004 : 0.03);
            EXPECT_GT(stream.arrived(), 0.8 * kPayload * mbit * kMbit * 10);
        }
    }
}

TEST(PathPaceSimulated, reports_are_few) {
    for (const double mbit : {1.0, 10.0, 100.0, 1000.0}) {
        SCOPED_TRACE(mbit);
        Events events(1);
        Bottleneck link(events, {.rate = mbit * kMbit});
        Stream stream(events, link, {});
        events.run_until(events.now() + seconds(2));
        const auto bytes = static_cast<double>(stream.reports() * Stream::kReport);
        EXPECT_LE(bytes, stream.arrived() / 50);
        EXPECT_GT(stream.reports(), 15u);
    }
}

TEST(PathPaceSimulated, works_with_arrival_times_that_are_wrong_at_random) {
    for (const double mbit : {10.0, 100.0, 1000.0}) {
        SCOPED_TRACE(mbit);
        Events events(4);
        const double rate = mbit * kMbit;
        Bottleneck link(events, {.rate = rate});
        Stream stream(events, link, {.noise = std::chrono::microseconds(300)});
        EXPECT_GT(arrived_until(events, stream, events.now() + seconds(2)),
                  0.85 * kPayload * rate * 2);
        EXPECT_LT(stream.lost_share(), mbit < 1000 ? 0.0001 : 0.01);
    }
}

}  // namespace
}  // namespace mailslot
