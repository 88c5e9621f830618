#include "os/poll_set.h"

#include <poll.h>
#include <sys/epoll.h>

#include <array>

#include "os/linux/network_error.h"

namespace mailslot::os {

bool any_is_readable(std::span<const Handle> fds) {
    std::vector<pollfd> polled;
    for (const Handle fd : fds) polled.push_back({to_number(fd), POLLIN, 0});
    return poll(polled.data(), polled.size(), 0) > 0;
}

Result<PollSet> PollSet::open() {
    UniqueFd fd(epoll_create1(EPOLL_CLOEXEC));
    if (!fd) return network_error("epoll_create1", errno);
    return PollSet(std::move(fd));
}

Result<void> PollSet::add(Handle fd) {
    epoll_event event{};
    event.events = EPOLLIN;
    event.data.fd = to_number(fd);
    if (epoll_ctl(fd_.number(), EPOLL_CTL_ADD, to_number(fd), &event) != 0) {
        return network_error("epoll_ctl", errno);
    }
    return {};
}

const std::vector<Handle>& PollSet::readable() {
    std::array<epoll_event, 64> events;
    const int count = epoll_wait(fd_.number(), events.data(), static_cast<int>(events.size()), 0);
    readable_.clear();
    for (int i = 0; i < count; ++i) {
        readable_.push_back(Handle{events[static_cast<std::size_t>(i)].data.fd});
    }
    return readable_;
}

}  // namespace mailslot::os
