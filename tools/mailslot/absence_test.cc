#include "mailslot/absence.h"

#include <gtest/gtest.h>

namespace mailslot::cli {
namespace {

using namespace std::chrono_literals;

TEST(Absence, is_waited_for_as_long_as_the_patience_lasts_and_then_not_at_all) {
    Absence absence(100ms);
    const Absence::Instant begin{};
    EXPECT_TRUE(absence.may_wait(begin));
    EXPECT_TRUE(absence.may_wait(begin + 99ms));
    EXPECT_FALSE(absence.may_wait(begin + 100ms));
    EXPECT_FALSE(absence.may_wait(begin + 1h)) << "the next message does not wait anew";
    absence.end();
    EXPECT_TRUE(absence.may_wait(begin + 2h)) << "the reader was there meanwhile";
}

TEST(Absence, is_waited_for_without_end_or_not_at_all) {
    Absence forever(kForever), never(0ms);
    const Absence::Instant begin{};
    EXPECT_TRUE(forever.may_wait(begin));
    EXPECT_TRUE(forever.may_wait(begin + 1000h));
    EXPECT_FALSE(never.may_wait(begin));
}

}  // namespace
}  // namespace mailslot::cli
