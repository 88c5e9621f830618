#include "mailslot/table.h"

#include <gtest/gtest.h>

namespace mailslot::cli {
namespace {

TEST(Table, has_names_to_the_left_and_numbers_to_the_right) {
    std::string out;
    append_rows(out, {{"NAME", "HOST", "N"}, {"a", "box", "1234"}, {"longer", "b", "5"}}, 2);
    EXPECT_EQ(out,
              "NAME    HOST     N\n"
              "a       box   1234\n"
              "longer  b        5\n");
}

TEST(Table, counts_characters_not_bytes) {
    std::string out;
    append_rows(out, {{"\u00e4\u00f6", "1"}, {"xyz", "2"}}, 1);
    EXPECT_EQ(out, "\u00e4\u00f6   1\nxyz  2\n");
}

TEST(Table, takes_rows_that_are_shorter_and_none_at_all) {
    std::string out;
    append_rows(out, {}, 1);
    append_rows(out, {{"a"}, {"b", "2"}}, 1);
    EXPECT_EQ(out, "a\nb  2\n");
}

}  // namespace
}  // namespace mailslot::cli
