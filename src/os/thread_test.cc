#include "os/thread.h"

#include <gtest/gtest.h>
#include <sys/utsname.h>

#include <cstdio>
#include <thread>

namespace mailslot::os {
namespace {

using namespace std::chrono_literals;

bool kernel_is_at_least(int major, int minor) {
    utsname name{};
    int has_major = 0, has_minor = 0;
    EXPECT_EQ(uname(&name), 0);
    EXPECT_EQ(std::sscanf(name.release, "%d.%d", &has_major, &has_minor), 2);
    return has_major > major || (has_major == major && has_minor >= minor);
}

TEST(ShortTurns, are_had_where_the_kernel_has_them_and_go_again) {
    std::thread([] {
        ShortTurns turns(100us);
        EXPECT_FALSE(turns.are_on());
        for (int i = 0; i < 3; ++i) {
            turns.begin();
            EXPECT_EQ(turns.are_on(), kernel_is_at_least(6, 12));
            turns.give_way();
            turns.end();
            EXPECT_FALSE(turns.are_on());
        }
    }).join();
}

TEST(ShortTurns, that_no_kernel_gives_are_refused) {
    std::thread([] {
        ShortTurns turns(1us);  // the kernel's least is 0.1 ms
        turns.begin();
        EXPECT_FALSE(turns.are_on());
    }).join();
}

}  // namespace
}  // namespace mailslot::os
