// Answers programs that write to this process's slots, or ask about them.

#include <algorithm>
#include <array>

#include "office/station.h"
#include "os/user.h"

namespace mailslot::office {
namespace {

using wire::LocalMessage;
using wire::LocalOp;
using namespace std::chrono_literals;

bool may_write(const SlotOptions& options, const os::PeerIdentity& peer) {
    if (os::is_own_user_or_root(peer.uid)) return true;
    if (options.access == Access::everybody) return true;
    if (options.access != Access::group) return false;
    const std::uint32_t group = options.group.value_or(getegid());
    return peer.gid == group || std::count(peer.groups.begin(), peer.groups.end(), group) > 0;
}

}  // namespace

void Station::hear_visitor(int fd) {
    const std::uint32_t user = door_->user_of(fd);
    auto packet = door_->hear(fd);
    if (!packet && packet.error().code == Errc::timed_out) return;
    const auto message =
        packet ? wire::decode_local_message(packet->bytes) : Result<LocalMessage>(packet.error());
    if (packet) door_->put_away(user, std::move(packet->fds));  // nothing is handed to us here
    if (!message) return dismiss_visitor(fd);
    const auto writer = visitors_.find(fd);
    if (writer != visitors_.end() &&
        (message->op == LocalOp::ring || message->op == LocalOp::make_room ||
         message->op == LocalOp::back_memory)) {
        return answer_writer(fd, writer->second, *message);
    }
    answer_visitor(fd, *message);
}

void Station::answer_writer(int fd, const Visitor& visitor, const LocalMessage& message) {
    if (message.op == LocalOp::back_memory) return visitor.inbox->back_ahead();
    if (message.op == LocalOp::make_room) make_room(*visitor.inbox, message.number);
    visitor.inbox->ring();  // a full socket may have had no room for a request to ring
    if (message.op != LocalOp::ring) return;
    const os::UniqueFd event = visitor.inbox->event_for_writers();
    if (!event || !os::shares_events(fd)) return;
    const std::array fds{event.get()};
    (void)os::send_packet(fd, wire::encode({.op = LocalOp::event}), fds);
}

void Station::answer_visitor(int fd, const LocalMessage& message) {
    if (message.op == LocalOp::register_again) return follow_new_office();
    const auto refuse = [fd](Errc why) {
        (void)os::send_packet(fd, wire::encode({.op = LocalOp::refused, .why = why}));
    };
    const auto found = slots_.find(message.key);
    if (found == slots_.end()) return refuse(Errc::no_such_slot);
    if (!may_write(found->second->options(), os::peer_identity(fd))) {
        return refuse(Errc::no_permission);
    }
    if (message.op == LocalOp::attach && !visitors_.contains(fd)) {
        admit(fd, found->second);
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
    // After the last possible origin no next page begins.
    if (is_full && answer.drops.back().first + 1 != 0)
        answer.cursor = answer.drops.back().first + 1;
    (void)os::send_packet(fd, wire::encode(answer));
}

void Station::admit(int fd, const std::shared_ptr<inbox::Inbox>& inbox) {
    const auto pass = inbox->admit_writer();
    if (!pass) {
        (void)os::send_packet(fd, wire::encode({.op = LocalOp::refused, .why = pass.error().code}));
        return;
    }
    visitors_[fd] = {inbox, pass->number};
    const bool with_event = pass->event && os::shares_events(fd);
    const std::array fds{pass->segment.get(), liveness_->fd().get(), pass->event.get()};
    (void)os::send_packet(fd, wire::encode({.op = LocalOp::attached, .number = pass->number}),
                          std::span(fds).first(with_event ? 3 : 2));
}

// Removes a visitor that closed, died, or sends nonsense.
void Station::dismiss_visitor(int fd) {
    door_->dismiss(fd);
    const auto found = visitors_.find(fd);
    if (found == visitors_.end()) return;
    const Visitor visitor = std::move(found->second);
    visitors_.erase(found);
    visitor.inbox->bury(visitor.number);
    make_room(*visitor.inbox, 0);  // the visitor may have been about to ask
}

}  // namespace mailslot::office
