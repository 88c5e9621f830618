#include "mailslot/stop_signal.h"

#include <sys/eventfd.h>
#include <unistd.h>

#include <atomic>
#include <cerrno>
#include <csignal>
#include <cstdint>

namespace mailslot::cli {
namespace {

constexpr int kSignals[] = {SIGINT, SIGTERM, SIGHUP};

std::atomic<bool> requested{false};  // written by the signal handler
std::atomic<int> wake_fd{-1};        // written before the handler is installed

void on_signal(int) {
    const int saved = errno;
    requested.store(true);
    const std::uint64_t one = 1;
    [[maybe_unused]] const ssize_t written =
        ::write(wake_fd.load(), &one, sizeof one);  // cannot be full
    errno = saved;
}

void mask(int how) {
    sigset_t set;
    sigemptyset(&set);
    for (const int signal : kSignals) sigaddset(&set, signal);
    ::pthread_sigmask(how, &set, nullptr);
}

// Ignored signals stay ignored: nohup, and shells that start jobs in the background, count on it.
void install(int signal) {
    struct sigaction action {};
    ::sigaction(signal, nullptr, &action);
    if (action.sa_handler == SIG_IGN) return;
    action = {};
    action.sa_handler = on_signal;
    action.sa_flags =
        static_cast<int>(SA_RESETHAND);  // not SA_RESTART: a write that blocks must end
    ::sigaction(signal, &action, nullptr);
}

}  // namespace

bool stop_requested() { return requested.load(); }

StopSignal::StopSignal() { mask(SIG_BLOCK); }

Result<int> StopSignal::start() {
    const int fd = ::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);  // for the life of the program
    if (fd < 0) return Error{Errc::no_resources, "eventfd", errno};
    wake_fd.store(fd);
    for (const int signal : kSignals) install(signal);
    mask(SIG_UNBLOCK);
    return fd;
}

}  // namespace mailslot::cli
