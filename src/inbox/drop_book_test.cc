#include "inbox/drop_book.h"

#include <gtest/gtest.h>

namespace mailslot::inbox {
namespace {

TEST(DropBook, tells_each_origin_once) {
    DropBook book;
    EXPECT_TRUE(book.is_empty());
    book.add(7, 2);
    book.add(8, 1);
    book.add(7, 3);
    EXPECT_EQ(book.take(7), 5u);
    EXPECT_EQ(book.take(7), 0u);
    book.add(7, 1);
    EXPECT_EQ(book.take(7), 1u);
    EXPECT_EQ(book.take(9), 0u);
    EXPECT_FALSE(book.is_empty());
    EXPECT_EQ(book.take(8), 1u);
    EXPECT_TRUE(book.is_empty());
}

TEST(DropBook, forgets_the_origin_that_lost_none_for_longest) {
    DropBook book;
    for (std::uint64_t origin = 0; origin < DropBook::kMostOrigins; ++origin) book.add(origin, 1);
    book.add(0, 1);  // not the one any more
    book.add(DropBook::kMostOrigins, 1);
    EXPECT_EQ(book.size(), DropBook::kMostOrigins);
    EXPECT_EQ(book.take(0), 2u);
    EXPECT_EQ(book.take(1), 0u);
    EXPECT_EQ(book.take(2), 1u);
    EXPECT_EQ(book.take(DropBook::kMostOrigins), 1u);
}

TEST(DropBook, is_bounded_whatever_comes) {
    DropBook book;
    for (std::uint64_t origin = 0; origin < 100'000; ++origin) book.add(origin, 1);
    EXPECT_EQ(book.size(), DropBook::kMostOrigins);
    for (std::uint64_t origin = 100'000; origin > 0; --origin) book.take(origin - 1);
    EXPECT_TRUE(book.is_empty());
}

}  // namespace
}  // namespace mailslot::inbox
