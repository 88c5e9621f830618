// usage: delay_relay INTERFACE INTERFACE MILLISECONDS
// A long link: carries the frames of each interface to the other, and keeps each for so long. Prints
// "ready" once it runs. Ends when standard input ends.
#include <arpa/inet.h>
#include <linux/if_ether.h>
#include <linux/if_packet.h>
#include <net/if.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <deque>
#include <vector>

namespace {

using Clock = std::chrono::steady_clock;

constexpr int kBufferBytes = 64 * 1024 * 1024;

struct Frame {
    Clock::time_point due;
    std::vector<char> bytes;
};

// A packet socket of an interface, and the frames that came from there.
struct End {
    int socket = -1;
    std::deque<Frame> frames{};
};

void check(bool is_good, const char* what) {
    if (is_good) return;
    std::perror(what);
    std::exit(1);
}

int open_interface(const char* name) {
    const int fd = socket(AF_PACKET, SOCK_RAW, htons(ETH_P_ALL));
    check(fd >= 0, "socket");
    sockaddr_ll address{};
    address.sll_family = AF_PACKET;
    address.sll_protocol = htons(ETH_P_ALL);
    address.sll_ifindex = static_cast<int>(if_nametoindex(name));
    check(address.sll_ifindex > 0, name);
    check(bind(fd, reinterpret_cast<sockaddr*>(&address), sizeof address) == 0, "bind");
    const int on = 1;
    check(setsockopt(fd, SOL_SOCKET, SO_RCVBUFFORCE, &kBufferBytes, sizeof(int)) == 0, "SO_RCVBUF");
    check(setsockopt(fd, SOL_PACKET, PACKET_IGNORE_OUTGOING, &on, sizeof on) == 0, "outgoing");
    // Keeps a large piece whole that a card would cut.
    check(setsockopt(fd, SOL_PACKET, PACKET_VNET_HDR, &on, sizeof on) == 0, "PACKET_VNET_HDR");
    return fd;
}

void take(End& end, std::chrono::milliseconds delay) {
    std::array<char, 70'000> buffer;
    for (;;) {
        const ssize_t size = recv(end.socket, buffer.data(), buffer.size(), MSG_DONTWAIT);
        if (size < 0) return;
        end.frames.push_back({Clock::now() + delay, {buffer.data(), buffer.data() + size}});
    }
}

// Sends what is due. A frame that finds no room is lost, as on any link.
void send_due(End& from, const End& to) {
    const auto now = Clock::now();
    while (!from.frames.empty() && from.frames.front().due <= now) {
        const std::vector<char>& bytes = from.frames.front().bytes;
        if (send(to.socket, bytes.data(), bytes.size(), 0) < 0) std::perror("send");
        from.frames.pop_front();
    }
}

timespec until_due(const End& a, const End& b) {
    auto wait = Clock::duration(std::chrono::seconds(1));
    for (const End* end : {&a, &b}) {
        if (!end->frames.empty()) wait = std::min(wait, end->frames.front().due - Clock::now());
    }
    const auto ns = std::chrono::nanoseconds(std::max(wait, Clock::duration::zero())).count();
    return {.tv_sec = ns / 1'000'000'000, .tv_nsec = ns % 1'000'000'000};
}

}  // namespace

int main(int argc, char** argv) {
    if (argc != 4) return 2;
    const std::chrono::milliseconds delay(std::atoi(argv[3]));
    End a{open_interface(argv[1])}, b{open_interface(argv[2])};
    std::puts("ready");
    std::fflush(stdout);
    std::array<pollfd, 3> polled{
        {{a.socket, POLLIN, 0}, {b.socket, POLLIN, 0}, {STDIN_FILENO, POLLIN, 0}}};
    for (;;) {
        const timespec wait = until_due(a, b);
        check(ppoll(polled.data(), polled.size(), &wait, nullptr) >= 0, "ppoll");
        if (polled[2].revents != 0) return 0;
        take(a, delay);
        take(b, delay);
        send_due(a, b);
        send_due(b, a);
    }
}
