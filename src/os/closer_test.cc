#include "os/closer.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <chrono>
#include <thread>

namespace mailslot::os {
namespace {

using namespace std::chrono_literals;
using std::chrono::steady_clock;

constexpr std::uint32_t kAnn = 1001, kBob = 1002;

// A connection that lingers on close: its unsent bytes are kept for a minute.
struct Lingering {
    UniqueFd listener{socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)};
    UniqueFd ours{socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0)};
    UniqueFd theirs;

    Lingering() {
        sockaddr_in address{};
        address.sin_family = AF_INET;
        address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
        socklen_t size = sizeof address;
        auto* const where = reinterpret_cast<sockaddr*>(&address);
        const int small = 4096;
        setsockopt(listener.number(), SOL_SOCKET, SO_RCVBUF, &small, sizeof small);
        EXPECT_EQ(bind(listener.number(), where, size), 0);
        EXPECT_EQ(listen(listener.number(), 1), 0);
        EXPECT_EQ(getsockname(listener.number(), where, &size), 0);
        EXPECT_NE(connect(ours.number(), where, size), 1);
        theirs = UniqueFd(accept4(listener.number(), nullptr, nullptr, SOCK_CLOEXEC));
        std::array<char, 65536> bytes{};
        while (send(ours.number(), bytes.data(), bytes.size(), MSG_NOSIGNAL) > 0) {
        }
        const linger minute{1, 60};
        EXPECT_EQ(setsockopt(ours.number(), SOL_SOCKET, SO_LINGER, &minute, sizeof minute), 0);
    }
};

struct Pipe {
    UniqueFd in, out;
    Pipe() {
        std::array<int, 2> ends{};
        EXPECT_EQ(pipe2(ends.data(), O_CLOEXEC), 0);
        in = UniqueFd(ends[0]);
        out = UniqueFd(ends[1]);
    }
    bool has_ended() const {
        pollfd entry{in.number(), 0, 0};
        return poll(&entry, 1, 10'000) == 1 && (entry.revents & POLLHUP) != 0;
    }
};

bool is_open(int fd) { return fcntl(fd, F_GETFD) >= 0; }

TEST(Closer, closes_what_it_is_given) {
    Closer closer;
    Pipe first, second, third;
    std::vector<UniqueFd> fds;
    fds.push_back(std::move(first.out));
    fds.push_back(std::move(second.out));
    closer.close(kAnn, std::move(fds));
    closer.close(kBob, std::move(third.out));
    EXPECT_TRUE(first.has_ended() && second.has_ended() && third.has_ended());
    closer.close(kAnn, UniqueFd());
    closer.close(kAnn, std::vector<UniqueFd>());
}

TEST(Closer, makes_nobody_wait_for_a_close_that_takes_long) {
    Closer closer;
    const auto begun = steady_clock::now();
    std::vector<Lingering> lingering(20);
    std::vector<int> numbers;
    for (Lingering& each : lingering) {
        numbers.push_back(each.ours.number());
        closer.close(kBob, std::move(each.ours));
    }
    Pipe anns, bobs;
    closer.close(kAnn, std::move(anns.out));
    closer.close(kBob, std::move(bobs.out));
    EXPECT_TRUE(anns.has_ended() && bobs.has_ended());
    // The descriptors' numbers are free again, and nothing is left to close.
    while (closer.open_of(kBob) > 0 && steady_clock::now() < begun + 10s) std::this_thread::yield();
    EXPECT_EQ(closer.open_of(kBob), 0u);
    for (const int number : numbers) EXPECT_FALSE(is_open(number));
    EXPECT_LT(steady_clock::now() - begun, 10s);
}

TEST(Closer, leaves_no_last_close_to_the_thread_of_another_user) {
    Closer closer;
    // A large table, so that the others' copies live longer.
    const UniqueFd any(open("/dev/null", O_RDONLY | O_CLOEXEC));
    std::vector<UniqueFd> many;
    for (int i = 0; i < 800; ++i) many.emplace_back(fcntl(any.number(), F_DUPFD_CLOEXEC, 0));
    for (int round = 0; round < 100; ++round) {
        std::vector<Lingering> lingering(2);
        std::vector<Pipe> pipes(4);
        for (std::size_t i = 0; i < pipes.size(); ++i) {
            closer.close(kAnn + 1 + static_cast<std::uint32_t>(i), std::move(pipes[i].out));
            if (i < lingering.size()) closer.close(kBob + 10, std::move(lingering[i].ours));
        }
        for (const Pipe& pipe : pipes) ASSERT_TRUE(pipe.has_ended()) << round;
    }
}

TEST(Closer, may_end_before_its_work_does) {
    Pipe pipe;
    {
        Closer closer;
        closer.close(kBob, std::move(pipe.out));
    }
    EXPECT_TRUE(pipe.has_ended());
}

}  // namespace
}  // namespace mailslot::os
