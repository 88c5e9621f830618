#include "mailslot/output.h"

#include <fcntl.h>
#include <poll.h>
#include <unistd.h>

#include <cerrno>
#include <climits>
#include <cstdlib>
#include <string_view>

#include "mailslot/exit_status.h"
#include "mailslot/report.h"
#include "mailslot/stop_signal.h"

namespace mailslot::cli {
namespace {

constexpr std::size_t kKeptBytes = 4 * kBlockBytes;  // memory kept after one huge message

// Once a stop was requested: how long whoever reads our output may take for each small part of the
// rest.
constexpr int kPatienceMs = 200;

bool has_room(int timeout_ms) {
    pollfd room{STDOUT_FILENO, POLLOUT, 0};
    return ::poll(&room, 1, timeout_ms) > 0;
}

}  // namespace

Result<void> Output::flush() {
    std::string_view left = text_;
    while (!left.empty()) {
        const bool stopping = stop_requested();
        if (stopping && !has_room(kPatienceMs)) return Error{Errc::closed, "write standard output"};
        // Where there is any room there is this much: such a write does not block.
        const std::string_view part = stopping ? left.substr(0, PIPE_BUF) : left;
        const ssize_t written = ::write(STDOUT_FILENO, part.data(), part.size());
        if (written >= 0) {
            left.remove_prefix(static_cast<std::size_t>(written));
        } else if (errno == EPIPE) {
            return Error{Errc::closed, "write standard output", errno};
        } else if (errno == EAGAIN) {
            has_room(-1);  // somebody made standard output non-blocking
        } else if (errno != EINTR) {
            return Error{Errc::no_resources, "write standard output", errno};
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
    // The wrong way round on purpose: using a descriptor that was closed stays an error.
    for (const int fd : {STDIN_FILENO, STDOUT_FILENO, STDERR_FILENO}) {
        if (::fcntl(fd, F_GETFD) >= 0) continue;
        if (::open("/dev/null", fd == STDIN_FILENO ? O_WRONLY : O_RDONLY) != fd) std::abort();
    }
}

}  // namespace mailslot::cli
