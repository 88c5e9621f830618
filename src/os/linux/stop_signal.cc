#include "os/stop_signal.h"

#include <poll.h>
#include <sys/eventfd.h>
#include <sys/time.h>
#include <unistd.h>

#include <atomic>
#include <cerrno>
#include <csignal>
#include <cstdint>

namespace mailslot::os {
namespace {

constexpr int kSignals[] = {SIGINT, SIGTERM, SIGHUP};

// A signal may come after a look at stop_requested() and before the call that then blocks. A timer
// interrupts that call, too, so a stop is late by at most the period.
constexpr itimerval kEveryTenthOfASecond{{0, 100'000}, {0, 100'000}};

std::atomic<bool> requested{false};  // written by the signal handler
std::atomic<int> wake_fd{-1};        // written before the handler is installed

void on_signal(int) {
    const int saved = errno;
    requested.store(true);
    const std::uint64_t one = 1;
    [[maybe_unused]] const ssize_t written =
        ::write(wake_fd.load(), &one, sizeof one);  // cannot be full
    // On Linux a bare system call, and alarm(2) is made of it.
    ::setitimer(ITIMER_REAL, &kEveryTenthOfASecond, nullptr);
    errno = saved;
}

void on_alarm(int) {}  // the signal's arrival is enough: EINTR

void mask(int how) {
    sigset_t set;
    sigemptyset(&set);
    sigaddset(&set, SIGALRM);
    for (const int signal : kSignals) sigaddset(&set, signal);
    ::pthread_sigmask(how, &set, nullptr);
}

void install(int signal, void (*handler)(int), int flags) {
    struct sigaction action {};
    action.sa_handler = handler;
    action.sa_flags = flags;  // never SA_RESTART: a blocking write must end
    ::sigaction(signal, &action, nullptr);
}

// Leaves ignored signals ignored: nohup and shells that start background jobs count on it.
void install_unless_ignored(int signal) {
    struct sigaction action {};
    ::sigaction(signal, nullptr, &action);
    if (action.sa_handler != SIG_IGN) install(signal, on_signal, static_cast<int>(SA_RESETHAND));
}

}  // namespace

bool stop_requested() { return requested.load(); }

StopSignal::StopSignal() { mask(SIG_BLOCK); }

Result<Handle> StopSignal::start() {
    const int fd = ::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);  // lives as long as the program
    if (fd < 0) return Error{Errc::no_resources, "eventfd", errno};
    wake_fd.store(fd);
    install(SIGALRM, on_alarm, 0);
    for (const int signal : kSignals) install_unless_ignored(signal);
    // The thread sanitizer of g++ 12 allocates its signal notes in a thread's first blocking call,
    // and loses a signal that comes meanwhile. So the first call is here.
    pollfd first{fd, POLLIN, 0};
    ::poll(&first, 1, 0);
    mask(SIG_UNBLOCK);
    return Handle{fd};
}

}  // namespace mailslot::os
