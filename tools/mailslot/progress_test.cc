#include "mailslot/progress.h"

#include <gtest/gtest.h>

namespace mailslot::cli {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

constexpr std::uint64_t kMiB = 1024 * 1024;
const Progress::Instant kBegun{std::chrono::hours(1)};

TEST(Progress, of_a_file_has_share_rate_and_remaining_time) {
    Progress progress(40 * kMiB, kBegun);
    EXPECT_EQ(progress.line(10 * kMiB, 1, kBegun + seconds(1)),
              "25 %, 10.0 of 40.0 MiB, 10.0 MiB/s, 3 s left");
}

TEST(Progress, of_a_pipe_has_messages_and_rate) {
    Progress progress(std::nullopt, kBegun);
    EXPECT_EQ(progress.line(3 * kMiB / 2, 1234, kBegun + seconds(1)),
              "1.5 MiB, 1234 messages, 1.5 MiB/s");
}

TEST(Progress, of_a_file_that_grows_is_that_of_a_pipe) {
    Progress progress(kMiB, kBegun);
    EXPECT_EQ(progress.line(2 * kMiB, 5, kBegun + seconds(1)), "2.0 MiB, 5 messages, 2.0 MiB/s");
}

TEST(Progress, is_told_ten_times_a_second_after_half_a_second) {
    Progress progress(std::nullopt, kBegun);
    int lines = 0;
    for (int ms = 0; ms < 1500; ++ms)
        lines += progress.line(0, 0, kBegun + milliseconds(ms)).has_value();
    EXPECT_EQ(lines, 10);
}

TEST(Progress, has_the_rate_of_the_last_two_seconds) {
    Progress progress(std::nullopt, kBegun);
    std::string last;
    for (std::uint64_t tenth = 0; tenth <= 100; ++tenth) {
        const std::uint64_t fast = std::min<std::uint64_t>(tenth, 50);
        const std::uint64_t bytes = (fast * 10 + (tenth - fast)) * kMiB / 10;
        const auto line = progress.line(bytes, 0, kBegun + milliseconds(100) * tenth);
        if (line) last = *line;
    }
    EXPECT_EQ(last, "55.0 MiB, 0 messages, 1.0 MiB/s");
}

TEST(Progress, tells_long_times_in_minutes_and_hours_and_no_time_that_cannot_be_told) {
    const struct {
        std::uint64_t bytes;
        const char* text;
    } rows[] = {
        {kMiB, "1 %, 1.0 of 61.0 MiB, 1.0 MiB/s, 1 min 0 s left"},
        {kMiB / 64, "0 %, 0.0 of 61.0 MiB, 0.0 MiB/s, 1 h 5 min left"},
        {1, "0 %, 0.0 of 61.0 MiB, 0.0 MiB/s"},
        {0, "0 %, 0.0 of 61.0 MiB, 0.0 MiB/s"},
        {61 * kMiB, "100 %, 61.0 of 61.0 MiB, 61.0 MiB/s, 0 s left"},
    };
    for (const auto& row : rows) {
        Progress progress(61 * kMiB, kBegun);
        EXPECT_EQ(progress.line(row.bytes, 0, kBegun + seconds(1)), row.text);
    }
    EXPECT_EQ(Progress(0, kBegun).line(0, 0, kBegun + seconds(1)),
              "100 %, 0.0 of 0.0 MiB, 0.0 MiB/s");
}

}  // namespace
}  // namespace mailslot::cli
