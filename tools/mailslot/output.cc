#include "mailslot/output.h"

#include <fcntl.h>
#include <poll.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <climits>
#include <cstdint>
#include <cstdlib>
#include <string_view>

#include "mailslot/exit_status.h"
#include "mailslot/report.h"
#include "mailslot/stop_signal.h"

namespace mailslot::cli {
namespace {

using std::chrono::milliseconds;
using std::chrono::steady_clock;
using Instant = steady_clock::time_point;

constexpr std::size_t kKeptBytes = 4 * kBlockBytes;  // memory kept after one huge message

// Time for the reader of our output to take each small part of the rest, after a stop request.
constexpr milliseconds kPatience{200};
constexpr Instant kNever = Instant::max();

// Polls again after interrupts, which come every 100 ms after a stop request.
bool has_room_until(Instant deadline) {
    while (true) {
        const auto left = std::chrono::ceil<milliseconds>(deadline - steady_clock::now()).count();
        pollfd room{STDOUT_FILENO, POLLOUT, 0};
        const int ready = ::poll(&room, 1, static_cast<int>(std::max<std::int64_t>(left, 0)));
        if (ready >= 0 || errno != EINTR) return ready > 0;
    }
}

void wait_for_room_or_stop() {
    pollfd room{STDOUT_FILENO, POLLOUT, 0};
    ::poll(&room, 1, -1);
}

}  // namespace

Result<void> Output::flush() {
    std::string_view left = text_;
    Instant deadline = kNever;  // for the current part, after a stop request
    while (!left.empty()) {
        const bool stopping = stop_requested();
        if (stopping) deadline = std::min(deadline, steady_clock::now() + kPatience);
        if (stopping && !has_room_until(deadline))
            return Error{Errc::closed, "write standard output"};
        // A pipe with any room has this much, so the write does not block.
        const std::string_view part = stopping ? left.substr(0, PIPE_BUF) : left;
        const ssize_t written = ::write(STDOUT_FILENO, part.data(), part.size());
        if (written >= 0) {
            left.remove_prefix(static_cast<std::size_t>(written));
            deadline = kNever;
        } else if (errno == EPIPE) {
            return Error{Errc::closed, "write standard output", errno};
        } else if (errno != EINTR && errno != EAGAIN) {
            return Error{Errc::no_resources, "write standard output", errno};
        } else if (steady_clock::now() >= deadline) {
            return Error{Errc::closed, "write standard output"};  // a terminal's room was too small
        } else if (errno == EAGAIN) {
            wait_for_room_or_stop();  // another program made standard output non-blocking
        }
    }
    text_.clear();
    if (text_.capacity() > kKeptBytes) text_ = {};
    return {};
}

int finish(Output& output) {
    const Result<void> written = output.flush();
    if (written || written.error().code == Errc::closed) return kDone;
    return fail(written.error());
}

Result<std::size_t> read_input(std::span<char> into) {
    while (true) {
        const ssize_t count = ::read(STDIN_FILENO, into.data(), into.size());
        if (count >= 0) return static_cast<std::size_t>(count);
        if (errno == EAGAIN) {
            pollfd input{STDIN_FILENO, POLLIN, 0};
            ::poll(&input, 1, -1);
        } else if (errno != EINTR) {
            return Error{Errc::no_resources, "read standard input", errno};
        }
    }
}

bool output_is_terminal() { return ::isatty(STDOUT_FILENO) == 1; }

bool colours_unwanted() {
    const char* const no_color = std::getenv("NO_COLOR");
    const char* const terminal = std::getenv("TERM");
    if (no_color != nullptr && *no_color != '\0') return true;
    return terminal == nullptr || std::string_view(terminal) == "dumb";
}

void hold_standard_descriptors() {
    // Opened for the wrong direction on purpose: the use of a closed descriptor stays an error.
    for (const int fd : {STDIN_FILENO, STDOUT_FILENO, STDERR_FILENO}) {
        if (::fcntl(fd, F_GETFD) >= 0) continue;
        if (::open("/dev/null", fd == STDIN_FILENO ? O_WRONLY : O_RDONLY) != fd) std::abort();
    }
}

}  // namespace mailslot::cli
