#include "os/event_loop.h"

#include <sys/epoll.h>
#include <sys/eventfd.h>

#include <array>
#include <cerrno>

#include "os/linux/poll_time.h"

namespace mailslot::os {

Result<std::unique_ptr<EventLoop>> EventLoop::create() {
    UniqueFd epoll(epoll_create1(EPOLL_CLOEXEC));
    UniqueFd wake(eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK));
    if (!epoll || !wake) return Error{Errc::no_resources, "create event loop", errno};
    std::unique_ptr<EventLoop> loop(new EventLoop(std::move(epoll), std::move(wake)));
    EventLoop& self = *loop;
    auto added = loop->add(self.wake_.get(), [&self] {
        eventfd_t count = 0;
        eventfd_read(self.wake_.number(), &count);
    });
    if (!added) return added.error();
    // If a sandbox forbids epoll_wait, run_once() would never wait.
    std::array<epoll_event, 1> nothing;
    if (epoll_wait(self.epoll_.number(), nothing.data(), 1, 0) < 0 && errno != EINTR) {
        return Error{Errc::no_resources, "epoll_wait", errno};
    }
    return loop;
}

Result<void> EventLoop::add(Handle fd, std::function<void()> ready) {
    return add(fd, EPOLLIN | EPOLLRDHUP, std::move(ready));
}

Result<void> EventLoop::add_once(Handle fd, std::function<void()> ready) {
    return add(fd, EPOLLIN | EPOLLONESHOT, std::move(ready));
}

void EventLoop::arm(Handle fd) {
    epoll_event event{};
    event.events = EPOLLIN | EPOLLONESHOT;
    event.data.fd = to_number(fd);
    epoll_ctl(epoll_.number(), EPOLL_CTL_MOD, to_number(fd), &event);
}

Result<void> EventLoop::add(Handle fd, std::uint32_t events, std::function<void()> ready) {
    epoll_event event{};
    event.events = events;
    event.data.fd = to_number(fd);
    if (epoll_ctl(epoll_.number(), EPOLL_CTL_ADD, to_number(fd), &event) != 0) {
        return Error{Errc::no_resources, "watch descriptor", errno};
    }
    ready_[fd] = std::make_shared<std::function<void()>>(std::move(ready));
    return {};
}

void EventLoop::remove(Handle fd) {
    if (ready_.erase(fd) > 0) epoll_ctl(epoll_.number(), EPOLL_CTL_DEL, to_number(fd), nullptr);
}

void EventLoop::run_once(Deadline deadline) {
    std::array<epoll_event, 64> events;
    const int count = epoll_wait(epoll_.number(), events.data(), static_cast<int>(events.size()),
                                 poll_time(deadline));
    for (int i = 0; i < count; ++i) {
        // An earlier call may have removed this descriptor.
        const auto found = ready_.find(Handle{events[static_cast<std::size_t>(i)].data.fd});
        if (found == ready_.end()) continue;
        const auto ready = found->second;  // stays alive if the function removes itself
        (*ready)();
    }
}

void EventLoop::wake() { eventfd_write(wake_.number(), 1); }

}  // namespace mailslot::os
