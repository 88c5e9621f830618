#include "os/poll_set.h"

#include <sys/epoll.h>

#include "os/linux/network_error.h"

namespace mailslot::os {

Result<PollSet> PollSet::open() {
    UniqueFd fd(epoll_create1(EPOLL_CLOEXEC));
    if (!fd) return network_error("epoll_create1", errno);
    return PollSet(std::move(fd));
}

Result<void> PollSet::add(int fd) {
    epoll_event event{};
    event.events = EPOLLIN;
    if (epoll_ctl(fd_.get(), EPOLL_CTL_ADD, fd, &event) != 0) {
        return network_error("epoll_ctl", errno);
    }
    return {};
}

}  // namespace mailslot::os
