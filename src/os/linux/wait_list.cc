#include "os/wait_list.h"

#include <poll.h>

#include <cerrno>
#include <vector>

#include "os/linux/poll_time.h"

namespace mailslot::os {

struct WaitList::State {
    std::vector<pollfd> all;
};

WaitList::WaitList() : state_(std::make_unique<State>()) {}
WaitList::~WaitList() = default;
WaitList::WaitList(WaitList&&) noexcept = default;
WaitList& WaitList::operator=(WaitList&&) noexcept = default;

void WaitList::add(Handle fd) { state_->all.push_back({to_number(fd), POLLIN, 0}); }
void WaitList::add_for_end(Handle fd) { state_->all.push_back({to_number(fd), 0, 0}); }
std::size_t WaitList::size() const { return state_->all.size(); }

Result<void> WaitList::wait(Deadline until, std::size_t count) {
    std::vector<pollfd>& all = state_->all;
    if (::poll(all.data(), count, poll_time(until)) >= 0) return {};
    for (pollfd& one : all) one.revents = 0;
    return Error{errno == EINTR ? Errc::interrupted : Errc::no_resources, "poll", errno};
}

bool WaitList::is_ready(std::size_t place) const { return state_->all[place].revents != 0; }

bool WaitList::has_gone(std::size_t place) const {
    return (state_->all[place].revents & (POLLHUP | POLLERR)) != 0;
}

}  // namespace mailslot::os
