#include "os/service_signals.h"

#include <gtest/gtest.h>

#include <array>
#include <csignal>
#include <cstdlib>

#include "os/poll_set.h"

namespace mailslot::os {
namespace {

// Raises both signals in a fresh process, because signals belong to the whole process. The process
// ends with 0 if all was well.
[[noreturn]] void raise_both() {
    std::signal(SIGHUP, SIG_DFL);  // ignored under nohup
    auto signals = ServiceSignals::open();
    if (!signals || signals->take()) std::_Exit(1);
    std::raise(SIGHUP);
    const std::array fds{signals->fd()};
    const bool has_come = any_is_readable(fds);
    const auto first = signals->take();
    std::raise(SIGTERM);
    const auto second = signals->take();
    const bool is_well = has_come && first == ServiceSignal::reload &&
                         second == ServiceSignal::end && !signals->take();
    std::_Exit(is_well ? 0 : 2);
}

TEST(ServiceSignals, tell_a_reload_from_an_end) {
    GTEST_FLAG_SET(death_test_style, "threadsafe");
    EXPECT_EXIT(raise_both(), ::testing::ExitedWithCode(0), "");
}

}  // namespace
}  // namespace mailslot::os
