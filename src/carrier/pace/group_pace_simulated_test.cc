// Streams to many machines on simulated paths: docs/protocol/pace.md, "Groups". The seeds are
// fixed.
#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "carrier/pace/testing/group_simulator.h"

namespace mailslot {
namespace {

using namespace testing;
using std::chrono::milliseconds;
using std::chrono::seconds;

constexpr double kMbit = 1e6 / 8;
constexpr double kPayload =
    double{Stream::kDatagram} / double{Stream::kDatagram + Stream::kHeaders};
constexpr double kFloor = 1024 * 1024;

double in_seconds(Nanoseconds time) { return std::chrono::duration<double>(time).count(); }

// As the udp carrier makes them: both families share a link.
GroupStream::Setting setting_of(std::size_t families, double total = 1e18) {
    const auto copies = static_cast<double>(families);
    return {.total = total,
            .families = families,
            .limits = {.most = 512e6,
                       .unheard = 8.0 * 1024 * 1024 / copies,
                       .unproven = families == 1 ? 128.0 * 1024 : 96.0 * 1024},
            .floor = kFloor / copies};
}

struct Row {
    double mbit;
    std::size_t readers, families;
    milliseconds delay;
    double most_lost;   // of all bytes, at each reader
    double least_used;  // of each link
};

TEST(GroupPaceSimulated, equal_readers_lose_nothing_and_use_their_links) {
    const Row rows[] = {
        {10, 1, 1, milliseconds(0), 0.002, 0.8},  {10, 8, 1, milliseconds(0), 0.002, 0.8},
        {10, 1, 2, milliseconds(0), 0.002, 0.8},  {10, 8, 2, milliseconds(0), 0.002, 0.8},
        {100, 1, 1, milliseconds(0), 0.002, 0.8}, {100, 8, 1, milliseconds(0), 0.002, 0.8},
        {100, 1, 2, milliseconds(0), 0.002, 0.8}, {100, 8, 2, milliseconds(0), 0.002, 0.8},
        {100, 8, 1, milliseconds(5), 0.002, 0.8}, {1000, 1, 1, milliseconds(0), 0.01, 0.8},
        {1000, 8, 1, milliseconds(0), 0.01, 0.8}, {1000, 8, 2, milliseconds(0), 0.01, 0.8},
    };
    for (const Row& row : rows) {
        for (const std::uint64_t seed : {1, 2}) {
            SCOPED_TRACE(std::to_string(row.mbit) + " Mbit/s, " + std::to_string(row.readers) +
                         " readers, " + std::to_string(row.families) + " families, " +
                         std::to_string(row.delay.count()) + " ms, seed " + std::to_string(seed));
            Events events(seed);
            const Instant begun = events.now();
            const double total = std::min(16e6, 3 * row.mbit * kMbit);
            GroupStream stream(events,
                               std::vector<Bottleneck::Setting>(
                                   row.readers, {.rate = row.mbit * kMbit, .delay = row.delay}),
                               setting_of(row.families, total));
            while (!stream.is_done()) events.run_until(events.now() + milliseconds(10));
            const double took = in_seconds(stream.done_at() - begun);
            const double used =
                total * static_cast<double>(row.families) / kPayload / took / (row.mbit * kMbit);
            for (std::size_t i = 0; i < row.readers; ++i) {
                EXPECT_LE(stream.lost_share(i), row.most_lost) << i;
            }
            EXPECT_GE(used, row.least_used);
        }
    }
}

TEST(GroupPaceSimulated, a_writer_that_makes_its_first_burst_slowly_loses_nothing) {
    for (const double speed : {8e6, 12e6, 16e6}) {
        SCOPED_TRACE(speed);
        Events events(1);
        GroupStream::Setting setting = setting_of(2, 1e6);
        setting.sender = speed;
        GroupStream stream(events, std::vector<Bottleneck::Setting>(8, {.rate = 10 * kMbit}),
                           setting);
        while (!stream.is_done()) events.run_until(events.now() + milliseconds(10));
        for (std::size_t i = 0; i < 8; ++i) EXPECT_EQ(stream.lost_share(i), 0) << i;
    }
}

std::vector<Bottleneck::Setting> links(std::size_t count, double mbit, double last_mbit) {
    std::vector<Bottleneck::Setting> all(count, {.rate = mbit * kMbit});
    all.back().rate = last_mbit * kMbit;
    return all;
}

TEST(GroupPaceSimulated, follows_a_slow_reader_above_the_floor) {
    for (const std::size_t families : {1u, 2u}) {
        SCOPED_TRACE(families);
        Events events(1);
        const Instant begun = events.now();
        GroupStream stream(events, links(8, 100, 20), setting_of(families));
        events.run_until(begun + seconds(4));
        for (std::size_t i = 0; i < 8; ++i) EXPECT_LE(stream.lost_share(i), 0.002) << i;
        const double most = 20 * kMbit * kPayload / static_cast<double>(families) * 4;
        EXPECT_GE(stream.sent(), 0.8 * most);
    }
}

TEST(GroupPaceSimulated, a_reader_below_the_floor_loses_alone) {
    for (const std::size_t families : {1u, 2u}) {
        SCOPED_TRACE(families);
        Events events(1);
        const Instant begun = events.now();
        GroupStream stream(events, links(8, 100, 2), setting_of(families));
        events.run_until(begun + seconds(4));
        for (std::size_t i = 0; i < 7; ++i) EXPECT_LE(stream.lost_share(i), 0.002) << i;
        EXPECT_GT(stream.lost_share(7), 0.02);
        const double copies = static_cast<double>(families);
        EXPECT_NEAR(stream.sent() / 4, kFloor / copies, 0.2 * kFloor / copies);
        EXPECT_LT(stream.pace().slowest().rate(), stream.pace().floor());
    }
}

TEST(GroupPaceSimulated, a_late_slow_reader_is_heard_and_the_others_lose_nothing) {
    Events events(1);
    const Instant begun = events.now();
    GroupStream stream(events, links(4, 100, 100), setting_of(2));
    events.run_until(begun + seconds(2));
    GroupReader& late = stream.add({.rate = 20 * kMbit});
    events.run_until(begun + seconds(3));
    const double lost = late.lost;
    events.run_until(begun + seconds(6));
    EXPECT_LE(late.lost - lost, 0.002 * 3 * 20 * kMbit);
    EXPECT_LE(lost, 0.5e6);
    for (std::size_t i = 0; i < 4; ++i) EXPECT_LE(stream.lost_share(i), 0.002) << i;
}

TEST(GroupPaceSimulated, a_slow_reader_that_goes_frees_the_others) {
    Events events(1);
    const Instant begun = events.now();
    GroupStream stream(events, links(4, 100, 20), setting_of(1));
    events.run_until(begun + seconds(2));
    stream.reader(3).is_silent = true;
    events.run_until(begun + seconds(4));
    const double before = stream.sent();
    events.run_until(begun + seconds(6));
    EXPECT_GT(stream.sent() - before, 0.8 * 100 * kMbit * kPayload * 2);
    for (std::size_t i = 0; i < 3; ++i) EXPECT_LE(stream.lost_share(i), 0.002) << i;
}

TEST(GroupPaceSimulated, fast_readers_are_soon_used) {
    Events events(1);
    const Instant begun = events.now();
    GroupStream stream(
        events, std::vector<Bottleneck::Setting>(4, {.rate = 4e9, .burst = 1e6, .limit = 1e9}),
        setting_of(2));
    events.run_until(begun + milliseconds(100));
    EXPECT_GT(stream.sent(), 0.5 * 0.1 * 512e6);
    for (std::size_t i = 0; i < 4; ++i) EXPECT_EQ(stream.lost_share(i), 0) << i;
}

TEST(GroupPaceSimulated, keeps_to_its_pace_without_readers) {
    Events events(1);
    GroupStream stream(events, {}, setting_of(2));
    events.run_until(events.now() + seconds(5));
    EXPECT_NEAR(stream.sent() / 5, 4.0 * 1024 * 1024, 0.5e6);
}

}  // namespace
}  // namespace mailslot
