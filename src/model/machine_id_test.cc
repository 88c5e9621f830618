#include "model/machine_id.h"

#include <gtest/gtest.h>

namespace mailslot {
namespace {

TEST(NetworkId, is_told_apart_by_the_first_number_that_both_have) {
    const struct {
        const char* what;
        NetworkId a, b;
        bool may_be_one;
    } cases[] = {
        {"equal", {7, 100}, {7, 100}, true},
        {"an inode that was used again", {7, 100}, {8, 100}, false},
        {"another inode, where a cookie says more", {7, 100}, {7, 101}, true},
        {"no cookies", {0, 100}, {0, 101}, false},
        {"one without a cookie", {7, 100}, {0, 100}, true},
        {"one without a cookie, another inode", {7, 100}, {0, 101}, false},
        {"nothing in common", {7, 0}, {0, 100}, true},
        {"nothing known", {}, {7, 100}, true},
    };
    for (const auto& c : cases) {
        SCOPED_TRACE(c.what);
        EXPECT_EQ(may_be_one(c.a, c.b), c.may_be_one);
        EXPECT_EQ(may_be_one(c.b, c.a), c.may_be_one);
    }
}

TEST(MachineId, has_another_number_for_other_networks_and_it_leads_back) {
    EXPECT_NE(number_for_other_networks(77), 77u);
    EXPECT_EQ(number_for_other_networks(number_for_other_networks(77)), 77u);
}

}  // namespace
}  // namespace mailslot
