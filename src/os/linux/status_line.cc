#include "os/status_line.h"

#include <sys/ioctl.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <cerrno>
#include <csignal>
#include <cstddef>
#include <string>

#include "os/standard_streams.h"

namespace mailslot::os {
namespace {

constexpr int kSignals[] = {SIGINT, SIGTERM, SIGHUP};
constexpr std::string_view kClear = "\r\x1b[K";
constexpr std::size_t kUsualColumns = 80;

std::atomic<bool> is_shown{false};  // read by the signal handler

void on_signal(int signal) {
    const int saved = errno;
    if (is_shown.exchange(false)) write_error(kClear);
    ::raise(signal);  // SA_RESETHAND: now the signal ends the program
    errno = saved;
}

std::size_t columns() {
    winsize size{};
    const bool is_known = ::ioctl(STDERR_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_col > 0;
    return is_known ? size.ws_col : kUsualColumns;
}

}  // namespace

StatusLine::StatusLine() {
    for (const int signal : kSignals) {
        struct sigaction action {};
        ::sigaction(signal, nullptr, &action);
        if (action.sa_handler != SIG_DFL) continue;  // ignored: nohup
        action.sa_handler = on_signal;
        action.sa_flags = static_cast<int>(SA_RESETHAND);
        ::sigaction(signal, &action, nullptr);
    }
}

StatusLine::~StatusLine() {
    clear();
    for (const int signal : kSignals) {
        struct sigaction action {};
        ::sigaction(signal, nullptr, &action);
        if (action.sa_handler == on_signal) ::signal(signal, SIG_DFL);
    }
}

// A full line would move the terminal on to the next.
void StatusLine::show(std::string_view text) {
    const std::size_t most = std::max<std::size_t>(columns(), 1) - 1;
    is_shown.store(true);
    write_error(std::string(kClear).append(text.substr(0, most)));
}

void StatusLine::clear() {
    if (is_shown.exchange(false)) write_error(kClear);
}

}  // namespace mailslot::os
