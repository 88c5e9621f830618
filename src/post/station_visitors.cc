// The station's answers to programs that write to this process's slots, or ask about them.

#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>

#include "post/station.h"

namespace mailslot::post {
namespace {

using wire::LocalMessage;
using wire::LocalOp;
using namespace std::chrono_literals;

// Each takes a descriptor here; writers beyond that are not let in.
constexpr std::size_t kMaxVisitors = 16384;
constexpr auto kAcceptPause = 100ms;  // when descriptors have run out

bool may_write(const SlotOptions& options, const os::PeerIdentity& peer) {
    if (peer.uid == geteuid() || peer.uid == 0) return true;
    if (options.access == Access::everybody) return true;
    if (options.access != Access::group) return false;
    const std::uint32_t group = options.group.value_or(getegid());
    return peer.gid == group || std::count(peer.groups.begin(), peer.groups.end(), group) > 0;
}

}  // namespace

void Station::accept_visitor() {
    os::GuardedFd connection = os::accept_local(listener_);
    if (!connection) {
        if (errno == EAGAIN || errno == ECONNABORTED || errno == EINTR) return;
        // Out of descriptors: the connection stays in the queue, and would call us for ever.
        loop_->remove(listener_.get());
        accept_again_ = clock_.now() + kAcceptPause;
        return;
    }
    const int fd = connection.get();
    if (visitors_.size() >= kMaxVisitors) return;
    if (!loop_->add(fd, [this, fd] { hear_visitor(fd); })) return;
    visitors_[fd].connection = std::move(connection);
}

void Station::hear_visitor(int fd) {
    const auto packet = os::receive_packet(fd, clock_.now());
    if (!packet && packet.error().code == Errc::timed_out) return;
    const auto message =
        packet ? wire::decode_local_message(packet->bytes) : Result<LocalMessage>(packet.error());
    if (!message) return dismiss_visitor(fd);
    answer_visitor(fd, visitors_[fd], *message);
}

void Station::answer_visitor(int fd, Visitor& visitor, const LocalMessage& message) {
    if (message.op == LocalOp::ring && visitor.inbox) {
        visitor.inbox->ring();
        const os::UniqueFd event = visitor.inbox->event_for_writers();
        if (!event || !os::shares_events(fd)) return;
        const std::array fds{event.get()};
        (void)os::send_packet(fd, wire::encode({.op = LocalOp::event}), fds);
        return;
    }
    if (message.op == LocalOp::make_room && visitor.inbox) {
        make_room(*visitor.inbox, message.number);
        return visitor.inbox->ring();  // a full socket may have had no room for asking for that
    }
    if (message.op == LocalOp::register_again) return follow_new_office();
    const auto refuse = [fd](Errc why) {
        (void)os::send_packet(fd, wire::encode({.op = LocalOp::refused, .why = why}));
    };
    const auto found = slots_.find(message.key);
    if (found == slots_.end()) return refuse(Errc::no_such_slot);
    if (!may_write(found->second->options(), os::peer_identity(fd))) {
        return refuse(Errc::no_permission);
    }
    if (message.op == LocalOp::attach && !visitor.inbox) {
        admit(fd, visitor, found->second);
    } else if (message.op == LocalOp::info) {
        (void)os::send_packet(
            fd, wire::encode({.op = LocalOp::slot_info, .info = found->second->info()}));
    } else if (message.op == LocalOp::drops) {
        tell_drops(fd, *found->second, message.cursor.value_or(0));
    } else {
        dismiss_visitor(fd);
    }
}

void Station::tell_drops(int fd, const inbox::Inbox& inbox, std::uint64_t first_origin) const {
    LocalMessage answer{.op = LocalOp::drop_page};
    answer.drops = inbox.dropped(first_origin, wire::kDropsPerPage);
    const bool is_full = answer.drops.size() == wire::kDropsPerPage;
    // Past the last origin that there can be no next page begins.
    if (is_full && answer.drops.back().first + 1 != 0)
        answer.cursor = answer.drops.back().first + 1;
    (void)os::send_packet(fd, wire::encode(answer));
}

void Station::admit(int fd, Visitor& visitor, const std::shared_ptr<inbox::Inbox>& inbox) {
    const auto pass = inbox->admit_writer();
    if (!pass) {
        (void)os::send_packet(fd, wire::encode({.op = LocalOp::refused, .why = pass.error().code}));
        return;
    }
    visitor.inbox = inbox;
    visitor.number = pass->number;
    const bool with_event = pass->event && os::shares_events(fd);
    const std::array fds{pass->segment.get(), liveness_->fd().get(), pass->event.get()};
    (void)os::send_packet(fd, wire::encode({.op = LocalOp::attached, .number = pass->number}),
                          std::span(fds).first(with_event ? 3 : 2));
}

// It closed, died, or talks nonsense.
void Station::dismiss_visitor(int fd) {
    const auto found = visitors_.find(fd);
    if (found == visitors_.end()) return;
    loop_->remove(fd);
    const Visitor visitor = std::move(found->second);
    visitors_.erase(found);
    if (!visitor.inbox) return;
    visitor.inbox->bury(visitor.number);
    make_room(*visitor.inbox, 0);  // it may have been about to ask
}

}  // namespace mailslot::post
