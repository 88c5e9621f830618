#include "os/stop_signal.h"

#include <gtest/gtest.h>
#include <poll.h>

#include <cerrno>
#include <csignal>
#include <cstdlib>

namespace mailslot::os {
namespace {

constexpr int kSignals[] = {SIGINT, SIGTERM, SIGHUP};

// Signals belong to the whole process, so each test runs in a fresh process of its own, not forked
// from this process with its threads and timers. That process ends with 0 if all was well.
#define IN_A_PROCESS_OF_ITS_OWN(test, ending)       \
    GTEST_FLAG_SET(death_test_style, "threadsafe"); \
    EXPECT_EXIT(test, ending, "")

int start(StopSignal& stop) {
    const auto fd = stop.start();
    return fd ? to_number(*fd) : -1;
}

bool is_readable(int fd) {
    pollfd polled{fd, POLLIN, 0};
    return ::poll(&polled, 1, 0) == 1;
}

// Blocks far longer than the test may take, unless a signal comes.
bool is_interrupted() { return ::poll(nullptr, 0, 30'000) < 0 && errno == EINTR; }

// Makes the test work even if a signal is ignored: under nohup, in a shell's background.
void unignore(int signal) { ::signal(signal, SIG_DFL); }

[[noreturn]] void end(bool well) { std::_Exit(well ? 0 : 1); }

TEST(StopSignal, asks_for_a_stop_once_the_signal_comes) {
    for (const int signal : kSignals) {
        IN_A_PROCESS_OF_ITS_OWN(
            {
                unignore(signal);
                StopSignal stop;
                const int fd = start(stop);
                const bool before = stop_requested() || is_readable(fd);
                ::raise(signal);
                end(!before && stop_requested() && is_readable(fd));
            },
            ::testing::ExitedWithCode(0));
    }
}

TEST(StopSignal, takes_a_signal_that_came_before_the_start) {
    IN_A_PROCESS_OF_ITS_OWN(
        {
            unignore(SIGTERM);
            StopSignal stop;
            ::raise(SIGTERM);
            const bool before = stop_requested();
            const int fd = start(stop);
            end(!before && stop_requested() && is_readable(fd));
        },
        ::testing::ExitedWithCode(0));
}

// The signal came after the program's check for it: the following call must not last.
TEST(StopSignal, interrupts_also_the_calls_that_begin_after_the_signal) {
    IN_A_PROCESS_OF_ITS_OWN(
        {
            unignore(SIGTERM);
            StopSignal stop;
            start(stop);
            ::raise(SIGTERM);
            end(is_interrupted() && is_interrupted());
        },
        ::testing::ExitedWithCode(0));
}

TEST(StopSignal, leaves_a_second_one_to_end_the_program_at_once) {
    for (const int signal : kSignals) {
        IN_A_PROCESS_OF_ITS_OWN(
            {
                unignore(signal);
                StopSignal stop;
                start(stop);
                ::raise(signal);
                ::raise(signal);
                end(true);
            },
            ::testing::KilledBySignal(signal));
    }
}

TEST(StopSignal, leaves_ignored_signals_ignored) {
    for (const int signal : kSignals) {
        IN_A_PROCESS_OF_ITS_OWN(
            {
                ::signal(signal, SIG_IGN);
                StopSignal stop;
                ::raise(signal);
                const int fd = start(stop);
                ::raise(signal);
                end(!stop_requested() && !is_readable(fd));
            },
            ::testing::ExitedWithCode(0));
    }
}

}  // namespace
}  // namespace mailslot::os
