#include "api/departures.h"

#include <gtest/gtest.h>

#include <string>

namespace mailslot {
namespace {

TEST(DepartureBook, adds_up_the_writers_of_a_process_by_way) {
    DepartureBook book;
    book.add(
        {1, {{"eth0 IPv4", 10, 0, {}, {}}, {"eth1 IPv4", 4, 6, Error{Errc::no_resources}, {}}}});
    book.add({2,
              {{"eth1 IPv4", 1, 1, Error{Errc::unreachable}, {}},
               {"10.0.0.7", 3, 0, {}, PathInfo{.rate = 5}}}});
    const Departures sum = book.sum();
    EXPECT_EQ(sum.messages_lost, 3u);
    ASSERT_EQ(sum.ways.size(), 3u);
    EXPECT_EQ(sum.ways[0].sent, 10u);
    EXPECT_EQ(sum.ways[1].name, "eth1 IPv4");
    EXPECT_EQ(sum.ways[1].sent, 5u);
    EXPECT_EQ(sum.ways[1].dropped, 7u);
    EXPECT_EQ(sum.ways[1].error->code, Errc::unreachable);
    EXPECT_FALSE(sum.ways[2].error);
    EXPECT_FALSE(sum.ways[1].path);
    EXPECT_EQ(sum.ways[2].path->rate, 5);
}

TEST(DepartureBook, is_bounded) {
    DepartureBook book;
    for (int i = 0; i < 10'000; ++i) book.add({0, {{std::to_string(i), 1, 0, {}, {}}}});
    EXPECT_EQ(book.sum().ways.size(), 512u);
}

}  // namespace
}  // namespace mailslot
