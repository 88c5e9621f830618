#include "inbox/drop_book.h"

#include <gtest/gtest.h>

namespace mailslot::inbox {
namespace {

TEST(DropBook, tells_each_origin_once) {
    DropBook book;
    EXPECT_TRUE(book.all_is_told());
    book.add(7, 2, 2);
    book.add(8, 1, 1);
    book.add(7, 3, 4);
    EXPECT_EQ(book.take_untold(7), 6u);
    EXPECT_EQ(book.take_untold(7), 0u);
    book.add(7, 1, 1);
    EXPECT_EQ(book.take_untold(7), 1u);
    EXPECT_EQ(book.take_untold(9), 0u);
    EXPECT_FALSE(book.all_is_told());
    EXPECT_EQ(book.take_untold(8), 1u);
    EXPECT_TRUE(book.all_is_told());
}

TEST(DropBook, keeps_what_was_dropped_in_all) {
    DropBook book;
    book.add(7, 2, 2);
    book.add(9, 1, 5);
    book.add(8, 1, 1);
    book.take_untold(7);
    book.add(7, 3, 3);
    const DropBook::Drops all{{7, 5}, {8, 1}, {9, 1}};
    EXPECT_EQ(book.dropped(0, 10), all);
    EXPECT_EQ(book.dropped(0, 2), DropBook::Drops({{7, 5}, {8, 1}}));
    EXPECT_EQ(book.dropped(9, 2), DropBook::Drops({{9, 1}}));
    EXPECT_TRUE(book.dropped(10, 2).empty());
}

TEST(DropBook, forgets_the_origin_that_lost_none_for_longest) {
    DropBook book;
    for (std::uint64_t origin = 0; origin < DropBook::kMostOrigins; ++origin) {
        book.add(origin, 1, 1);
    }
    book.add(0, 1, 1);  // no longer the oldest
    book.add(DropBook::kMostOrigins, 1, 1);
    EXPECT_EQ(book.size(), DropBook::kMostOrigins);
    EXPECT_EQ(book.take_untold(0), 2u);
    EXPECT_EQ(book.take_untold(1), 0u);
    EXPECT_EQ(book.take_untold(2), 1u);
    EXPECT_EQ(book.take_untold(DropBook::kMostOrigins), 1u);
}

TEST(DropBook, forgets_what_is_told_first) {
    DropBook book;
    for (std::uint64_t origin = 0; origin < DropBook::kMostOrigins; ++origin) {
        book.add(origin, 1, 1);
    }
    book.take_untold(17);
    book.add(DropBook::kMostOrigins, 1, 1);
    EXPECT_EQ(book.take_untold(0), 1u);
    EXPECT_EQ(book.dropped(17, 1), DropBook::Drops({{18, 1}}));
}

TEST(DropBook, is_bounded_whatever_comes) {
    DropBook book;
    for (std::uint64_t origin = 0; origin < 100'000; ++origin) book.add(origin, 1, 1);
    EXPECT_EQ(book.size(), DropBook::kMostOrigins);
    for (std::uint64_t origin = 100'000; origin > 0; --origin) book.take_untold(origin - 1);
    EXPECT_TRUE(book.all_is_told());
}

}  // namespace
}  // namespace mailslot::inbox
