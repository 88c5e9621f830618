#include "base/saturating.h"

#include <gtest/gtest.h>

namespace mailslot {
namespace {

TEST(Saturating, stops_at_both_ends) {
    std::uint64_t counter = kMostCounted - 2;
    count_up(counter, 2);
    EXPECT_EQ(counter, kMostCounted);
    count_up(counter, std::uint64_t{1} << 53);
    EXPECT_EQ(counter, kMostCounted);
    count_down(counter, 5);
    EXPECT_EQ(counter, kMostCounted) << "how many there were is not known any more";
    counter = 3;
    count_down(counter, 2);
    EXPECT_EQ(counter, 1u);
    count_down(counter, 2);
    EXPECT_EQ(counter, 0u);
}

TEST(Saturating, books_what_went_up_and_what_went_down) {
    std::atomic<std::uint64_t> total = 10;
    book(total, 7, 4);
    EXPECT_EQ(total, 13u);
    book(total, 4, 7);
    EXPECT_EQ(total, 10u);
    book(total, kMostCounted, 7);
    EXPECT_EQ(total, kMostCounted);
    book(total, 9, 3);
    EXPECT_EQ(total, kMostCounted);
}

}  // namespace
}  // namespace mailslot
