// The controller on random paths, and against random reports. RapidCheck prints the seed of a
// failure.
#include <gtest/gtest.h>

#if __has_include(<rapidcheck/gtest.h>)
#include <rapidcheck/gtest.h>

#include "carrier/pace/testing/path_simulator.h"

namespace mailslot {
namespace {

using namespace testing;
using std::chrono::milliseconds;

// A path of 1 to 40 Mbit/s with a queue of at least 64 KiB.
Bottleneck::Setting some_path() {
    Bottleneck::Setting path;
    path.rate = *rc::gen::inRange(1, 40) * 1e6 / 8;
    path.burst = *rc::gen::inRange(2, 64) * 1024;
    path.limit = *rc::gen::inRange(64, 1024) * 1024;
    path.delay = milliseconds(*rc::gen::inRange(0, 60));
    path.loss = *rc::gen::inRange(0, 30) / 1000.0;
    return path;
}

RC_GTEST_PROP(PathPaceProperty, never_exceeds_the_bound_and_never_stops, ()) {
    Events events(*rc::gen::arbitrary<std::uint64_t>());
    Bottleneck link(events, some_path());
    const double most = *rc::gen::inRange(100, 20'000) * 1000.0;
    const auto noise = std::chrono::microseconds(*rc::gen::inRange(0, 500));
    Stream stream(events, link, {.noise = noise, .limits = {.most = most}});
    double before = 0;
    for (int i = 0; i < 4; ++i) {
        events.run_until(events.now() + milliseconds(500));
        const double sent = stream.sent() - before;
        before = stream.sent();
        RC_ASSERT(sent <= most * 0.5 + 128 * 1024 * (i == 0) + 70'000);
        RC_ASSERT(sent > 0);
        RC_ASSERT(stream.pace().rate() <= most);
        RC_ASSERT(stream.pace().rate() >= 64 * 1024);
    }
}

RC_GTEST_PROP(PathPaceProperty, uses_any_path, ()) {
    Events events(*rc::gen::arbitrary<std::uint64_t>());
    auto path = some_path();
    path.rate = std::max(path.rate, 0.4e6);
    path.loss = 0;
    Bottleneck link(events, path);
    Stream stream(events, link, {});
    events.run_until(events.now() + milliseconds(2500));
    const double before = stream.arrived();
    events.run_until(events.now() + milliseconds(1000));
    RC_ASSERT(stream.arrived() - before > 0.6 * path.rate);
}

RC_GTEST_PROP(PathPaceProperty, whatever_reports_say_the_stream_moves_within_its_bounds, ()) {
    PathPace pace({.most = 10e6});
    Instant now{std::chrono::hours(1)};
    std::uint64_t sequence = 0, bytes = 0;
    std::uint32_t number = 0;
    const auto some = [](std::uint64_t sound) -> std::uint64_t {
        const int kind = *rc::gen::inRange(0, 4);
        if (kind == 0) return *rc::gen::arbitrary<std::uint64_t>();
        if (kind == 1) return sound / 2;
        return sound;
    };
    const Instant begun = now;
    for (int i = 0; i < 60; ++i) {
        const auto wait = pace.wait(12'000, now);
        RC_ASSERT(wait <= milliseconds(300));
        now += wait;
        if (pace.wait(12'000, now) == Nanoseconds::zero()) {
            pace.left({sequence, 0}, {sequence + 100, 0}, 12'000, now);
            sequence += 100;
            bytes += 12'000;
        }
        now += milliseconds(*rc::gen::inRange(0, 5));
        const auto us =
            std::chrono::duration_cast<std::chrono::microseconds>(now.time_since_epoch());
        const wire::Report report{.number = ++number,
                                  .highest = {some(sequence), 0},
                                  .counted_from = some(1),
                                  .messages = some(sequence),
                                  .bytes = some(bytes),
                                  .arrived_us = some(static_cast<std::uint64_t>(us.count())),
                                  .held_us = static_cast<std::uint32_t>(some(100)),
                                  .kernel_drops = static_cast<std::uint32_t>(some(0)),
                                  .buffer_bytes = 1000,
                                  .buffer_used = static_cast<std::uint32_t>(some(10)),
                                  .families = 1};
        (void)pace.heard(report, now);
        RC_ASSERT(pace.rate() >= 64 * 1024);
        RC_ASSERT(pace.rate() <= 10e6);
    }
    const double time = std::chrono::duration<double>(now - begun).count();
    RC_ASSERT(static_cast<double>(bytes) <= 10e6 * time + 3 * 128 * 1024);
}

}  // namespace
}  // namespace mailslot

#endif
