#include "mailslot/loss_report.h"

#include <gtest/gtest.h>

namespace mailslot::cli {
namespace {

using namespace std::chrono_literals;

constexpr LossReport::Instant kStart{100s};

TEST(LossReport, reports_the_first_loss_at_once) {
    LossReport report;
    EXPECT_EQ(report.note(1, "A", kStart), "lost 1 message from A before this one");
    EXPECT_EQ(report.due_at(), std::nullopt);
    EXPECT_EQ(report.rest(), std::nullopt);
}

TEST(LossReport, holds_back_what_follows_within_a_second) {
    LossReport report;
    report.note(1, "A", kStart);
    EXPECT_EQ(report.note(2, "B", kStart + 10ms), std::nullopt);
    EXPECT_EQ(report.note(3, "B", kStart + 20ms), std::nullopt);
    EXPECT_EQ(report.due_at(), kStart + 1s);
    EXPECT_EQ(report.due(kStart + 999ms), std::nullopt);
    EXPECT_EQ(report.due(kStart + 1s), "lost 5 messages more from B");
    EXPECT_EQ(report.due(kStart + 2s), std::nullopt);
}

TEST(LossReport, joins_several_hosts_in_one_line) {
    LossReport report;
    report.note(1, "A", kStart);
    report.note(2, "B", kStart + 10ms);
    EXPECT_EQ(report.note(1, "C", kStart + 1s), "lost 3 messages more from B and others");
    report.note(1, "D", kStart + 1s);
    EXPECT_EQ(report.rest(), "lost 1 message more from D");
    EXPECT_EQ(report.rest(), std::nullopt);
}

TEST(LossReport, reports_at_once_again_after_a_quiet_second) {
    LossReport report;
    report.note(1, "A", kStart);
    EXPECT_EQ(report.note(4, "A", kStart + 1s), "lost 4 messages from A before this one");
}

}  // namespace
}  // namespace mailslot::cli
