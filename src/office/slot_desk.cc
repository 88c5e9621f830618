#include "office/slot_desk.h"

#include <algorithm>
#include <array>
#include <span>

#include "inbox/inbox_writer.h"
#include "os/local_socket.h"
#include "os/user.h"

namespace mailslot::office {
namespace {

using wire::LocalMessage;
using wire::LocalOp;

// Each visitor takes a descriptor here; further writers are not let in.
constexpr std::size_t kMaxVisitors = 16384;

bool may_write(const SlotOptions& options, const os::PeerIdentity& peer) {
    if (os::is_own_user_or_root(peer.uid)) return true;
    if (options.access == Access::everybody) return true;
    if (options.access != Access::group) return false;
    const std::uint32_t group = options.group.value_or(os::this_group());
    return peer.gid == group || std::count(peer.groups.begin(), peer.groups.end(), group) > 0;
}

void refuse(os::Handle connection, Errc why) {
    (void)os::send_packet(connection, wire::encode({.op = LocalOp::refused, .why = why}));
}

void tell_drops(os::Handle connection, const inbox::Inbox& slot, std::uint64_t first_origin) {
    LocalMessage answer{.op = LocalOp::drop_page};
    answer.drops = slot.dropped(first_origin, wire::kDropsPerPage);
    const bool is_full = answer.drops.size() == wire::kDropsPerPage;
    // After the last possible origin no next page begins.
    if (is_full && answer.drops.back().first + 1 != 0)
        answer.cursor = answer.drops.back().first + 1;
    (void)os::send_packet(connection, wire::encode(answer));
}

std::unique_ptr<inbox::InboxWriter> open_own(inbox::Inbox& slot, const os::Liveness& liveness) {
    auto pass = slot.admit_office();
    if (!pass) return nullptr;
    auto segment = inbox::Segment::attach(std::move(pass->segment));
    auto reader = os::LivenessView::attach(liveness.fd());
    if (!segment || !reader) return nullptr;
    auto writer = std::make_unique<inbox::InboxWriter>(std::move(*segment), std::move(*reader),
                                                       pass->number, std::move(pass->event));
    if (pass->notes) {
        auto notes = inbox::NotesPage::attach(pass->notes);
        if (!notes) return nullptr;
        writer->keep_notes_in(std::move(*notes));
    }
    return writer;
}

}  // namespace

SlotDesk::SlotDesk(const Premises& at, std::unique_ptr<os::Liveness> liveness,
                   std::uint64_t machine)
    : at_(at),
      liveness_(std::move(liveness)),
      machine_{machine, at.network},
      door_(std::make_unique<Door>(at.loop, at.clock, bounds_of_process(kMaxVisitors),
                                   [this](os::Handle connection) { hear(connection); })) {}

void SlotDesk::close() {
    liveness_->say_dead();
    while (!visitors_.empty()) dismiss(visitors_.begin()->first);
    door_.reset();
}

// --- Slots
// ---------------------------------------------------------------------------------------------

bool SlotDesk::add(const Slot& slot) {
    if (!slots_.emplace(slot->name().key, slot).second) return false;
    slot->on_spare_memory([this] { want_trim(); });
    slot->set_machine(machine_);
    return true;
}

void SlotDesk::remove(const std::string& key) {
    const auto found = slots_.find(key);
    if (found == slots_.end()) return;
    std::vector<os::Handle> leaving;
    for (const auto& [connection, visitor] : visitors_) {
        if (visitor.slot == found->second) leaving.push_back(connection);
    }
    slots_.erase(found);
    for (const os::Handle connection : leaving) dismiss(connection);
}

SlotDesk::Slot SlotDesk::find(std::string_view key) const {
    const auto found = slots_.find(key);
    return found != slots_.end() ? found->second : nullptr;
}

OwnSlot SlotDesk::own_slot(const Slot& slot) {
    return {.open = [slot, this] { return open_own(*slot, *liveness_); },
            .ring = [slot] { slot->ring(); },
            .make_room = [slot, this](std::uint64_t bytes) { make_room(*slot, bytes); },
            .lender = {.lend = [slot] { return slot->admit_office(); },
                       .take_back = [slot](std::uint32_t number) { slot->bury(number); },
                       .liveness = liveness()}};
}

void SlotDesk::set_machine(const MachineId& machine) {
    machine_ = machine;
    for (const auto& [key, slot] : slots_) slot->set_machine(machine);
}

void SlotDesk::bury(const Deputies::Numbers& writers) {
    for (const auto& [key, number] : writers) {
        if (const Slot slot = find(key)) slot->bury(number);
    }
}

std::vector<SlotDesk::Slot> SlotDesk::look_for_harm() const {
    std::vector<Slot> harmed;
    for (const auto& [key, slot] : slots_) {
        const bool is_open = slot->options().access != Access::owner;
        if (is_open && slot->look_for_harm()) harmed.push_back(slot);
    }
    return harmed;
}

// Called by a reading thread, which may be busy elsewhere afterwards, or read only now and then.
void SlotDesk::want_trim() {
    trim_is_wanted_ = true;
    at_.loop.wake();
}

void SlotDesk::trim() {
    trim_at_.reset();
    for (const auto& [key, slot] : slots_) {
        if (slot->trim()) trim_at_ = at_.clock.now() + inbox::kTrimAfter;
    }
}

void SlotDesk::make_room(inbox::Inbox& slot, std::uint64_t wanted_bytes) {
    if (slot.make_room(wanted_bytes) && !room_at_) {
        room_at_ = at_.clock.now() + inbox::kLookForRoomEvery;
    }
}

void SlotDesk::look_for_room() {
    room_at_.reset();
    for (const auto& [key, slot] : slots_) make_room(*slot, 0);
}

void SlotDesk::tick() {
    const auto now = at_.clock.now();
    if (trim_is_wanted_.exchange(false) && !trim_at_) trim_at_ = now + inbox::kTrimAfter;
    if (trim_at_ && now >= *trim_at_) trim();
    if (room_at_ && now >= *room_at_) look_for_room();
    door_->tick();
}

std::optional<Clock::Instant> SlotDesk::next_tick() const {
    std::optional<Clock::Instant> next = door_->next_tick();
    for (const auto& other : {trim_at_, room_at_}) {
        if (other && (!next || *other < *next)) next = other;
    }
    return next;
}

// --- Visitors
// ------------------------------------------------------------------------------------------

void SlotDesk::hear(os::Handle connection) {
    const std::uint32_t user = door_->user_of(connection);
    auto packet = door_->hear(connection);
    if (!packet && packet.error().code == Errc::timed_out) return;
    const auto message =
        packet ? wire::decode_local_message(packet->bytes) : Result<LocalMessage>(packet.error());
    if (packet) door_->put_away(user, std::move(packet->fds));  // nothing is handed to us here
    if (!message) return dismiss(connection);
    const auto writer = visitors_.find(connection);
    if (writer != visitors_.end() &&
        (message->op == LocalOp::ring || message->op == LocalOp::make_room ||
         message->op == LocalOp::back_memory)) {
        return answer_writer(connection, writer->second, *message);
    }
    answer_visitor(connection, *message);
}

void SlotDesk::answer_writer(os::Handle connection, const Visitor& visitor,
                             const LocalMessage& message) {
    if (message.op == LocalOp::back_memory) return visitor.slot->back_ahead();
    if (message.op == LocalOp::make_room) make_room(*visitor.slot, message.number);
    visitor.slot->ring();  // a full socket may have had no room for a request to ring
    if (message.op != LocalOp::ring) return;
    const os::UniqueFd event = visitor.slot->event_for_writers();
    if (!event || !os::shares_events(connection)) return;
    const std::array fds{event.get()};
    (void)os::send_packet(connection, wire::encode({.op = LocalOp::event}), fds);
}

void SlotDesk::answer_visitor(os::Handle connection, const LocalMessage& message) {
    if (message.op == LocalOp::register_again) {
        has_word_of_office_ = true;
        return;
    }
    const Slot slot = find(message.key);
    if (slot == nullptr) return refuse(connection, Errc::no_such_slot);
    if (!may_write(slot->options(), os::peer_identity(connection))) {
        return refuse(connection, Errc::no_permission);
    }
    if (message.op == LocalOp::attach && !visitors_.contains(connection)) {
        admit(connection, slot);
    } else if (message.op == LocalOp::info) {
        (void)os::send_packet(connection,
                              wire::encode({.op = LocalOp::slot_info, .info = slot->info()}));
    } else if (message.op == LocalOp::drops) {
        tell_drops(connection, *slot, message.cursor.value_or(0));
    } else {
        dismiss(connection);
    }
}

void SlotDesk::admit(os::Handle connection, const Slot& slot) {
    const auto pass = slot->admit_writer();
    if (!pass) return refuse(connection, pass.error().code);
    visitors_[connection] = {slot, pass->number};
    const bool with_event = pass->event && os::shares_events(connection);
    const std::array fds{pass->segment.get(), liveness(), pass->event.get()};
    (void)os::send_packet(connection,
                          wire::encode({.op = LocalOp::attached, .number = pass->number}),
                          std::span(fds).first(with_event ? 3 : 2));
}

// Removes a visitor that closed, died, or sends nonsense.
void SlotDesk::dismiss(os::Handle connection) {
    door_->dismiss(connection);
    const auto found = visitors_.find(connection);
    if (found == visitors_.end()) return;
    const Visitor visitor = std::move(found->second);
    visitors_.erase(found);
    visitor.slot->bury(visitor.number);
    make_room(*visitor.slot, 0);  // the visitor may have been about to ask
}

}  // namespace mailslot::office
