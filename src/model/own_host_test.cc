#include "model/own_host.h"

#include <gtest/gtest.h>

#include "base/testing/fake_clock.h"

namespace mailslot {
namespace {

TEST(OwnHost, follows_the_system_and_asks_once_a_second) {
    std::string system = "debian";
    int asked = 0;
    Settings settings;
    settings.host = "debian";
    settings.ask_host = [&] { return ++asked, HostName{system}; };
    FakeClock clock;
    OwnHost host(settings);
    EXPECT_EQ(host.at(clock.now()), "debian");
    system = "kitchen";
    EXPECT_EQ(host.at(clock.now()), "debian");
    EXPECT_EQ(asked, 1);
    clock.advance(kAskHostAgain);
    EXPECT_EQ(host.at(clock.now()), "kitchen");
    EXPECT_EQ(own_host(settings), "kitchen");
}

TEST(OwnHost, stays_where_it_was_configured) {
    Settings settings;
    settings.host = "garage";
    FakeClock clock;
    OwnHost host(settings);
    EXPECT_EQ(host.at(clock.now()), "garage");
    EXPECT_EQ(own_host(settings), "garage");
}

}  // namespace
}  // namespace mailslot
