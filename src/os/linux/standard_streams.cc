#include "os/standard_streams.h"

#include <fcntl.h>
#include <poll.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <climits>
#include <csignal>
#include <cstdlib>

#include "os/linux/poll_time.h"

namespace mailslot::os {

static_assert(kPipeBytes == PIPE_BUF);

Handle standard_output() { return Handle{STDOUT_FILENO}; }

void hold_standard_streams() {
    // Opened for the wrong direction on purpose: the use of a closed descriptor stays an error.
    for (const int fd : {STDIN_FILENO, STDOUT_FILENO, STDERR_FILENO}) {
        if (::fcntl(fd, F_GETFD) >= 0) continue;
        if (::open("/dev/null", fd == STDIN_FILENO ? O_WRONLY : O_RDONLY) != fd) std::abort();
    }
}

void let_writes_fail() {
    std::signal(SIGPIPE, SIG_IGN);  // then write(2) returns EPIPE
    std::signal(SIGXFSZ, SIG_IGN);  // then write(2) returns EFBIG past `ulimit -f`
}

Result<std::size_t> write_output(std::string_view text) {
    const ssize_t written = ::write(STDOUT_FILENO, text.data(), text.size());
    if (written >= 0) return static_cast<std::size_t>(written);
    switch (errno) {
        case EAGAIN:
            return std::size_t{0};
        case EINTR:
            return Error{Errc::interrupted, "write standard output", errno};
        case EPIPE:
            return Error{Errc::closed, "write standard output", errno};
        default:
            return Error{Errc::no_resources, "write standard output", errno};
    }
}

Result<bool> wait_for_output(Deadline until) {
    pollfd room{STDOUT_FILENO, POLLOUT, 0};
    const int ready = ::poll(&room, 1, poll_time(until));
    if (ready < 0 && errno == EINTR) return Error{Errc::interrupted, "poll", errno};
    return ready > 0;
}

bool output_is_terminal() { return ::isatty(STDOUT_FILENO) == 1; }
bool error_is_terminal() { return ::isatty(STDERR_FILENO) == 1; }
bool input_is_terminal() { return ::isatty(STDIN_FILENO) == 1; }

std::optional<std::uint64_t> input_bytes_left() {
    struct stat status {};
    if (::fstat(STDIN_FILENO, &status) != 0 || !S_ISREG(status.st_mode)) return std::nullopt;
    const off_t at = ::lseek(STDIN_FILENO, 0, SEEK_CUR);
    if (at < 0) return std::nullopt;
    return static_cast<std::uint64_t>(std::max<off_t>(0, status.st_size - at));
}

bool wait_for_input(Deadline until) {
    pollfd input{STDIN_FILENO, POLLIN, 0};
    return ::poll(&input, 1, poll_time(until)) > 0;
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

void write_error(std::string_view text) {
    [[maybe_unused]] const ssize_t written = ::write(STDERR_FILENO, text.data(), text.size());
}

}  // namespace mailslot::os
