#include "office/delivery.h"

#include <algorithm>

#include "inbox/sender_notes.h"
#include "os/local_socket.h"
#include "wire/local_message.h"

namespace mailslot::office {
namespace {

using wire::LocalOp;
using namespace std::chrono_literals;

// Messages put under a single lock of the slot. A writer on this machine may wait about 20 us for
// the lock.
constexpr std::size_t kItemsAtOnce = 256;
// A process that has taken nothing out since it was asked for room is not asked again for this
// time.
constexpr auto kAskAgainAfter = 10s;

bool tells_of_losses(const Parcel& parcel) { return parcel.envelope.lost_before > 0; }

bool failed_with(const Result<std::size_t>& taken, Errc why) {
    return !taken && taken.error().code == why;
}

bool is_dead(const Result<std::size_t>& taken) {
    return failed_with(taken, Errc::no_such_slot) || failed_with(taken, Errc::bad_segment);
}

// Another process makes room when it comes to it. Until then the slot has its reserve.
void ask_for_room(RegisteredSlot& slot, std::string_view key, std::size_t bytes) {
    if (slot.own.make_room) return slot.own.make_room(bytes);
    const bool is_sent =
        os::send_packet(slot.registrant,
                        wire::encode({.op = LocalOp::make_room,
                                      .key = std::string(key),
                                      .number = static_cast<std::uint32_t>(bytes)}))
            .has_value();
    if (!is_sent) slot.writer->want(inbox::InboxWriter::kWantsRoom);
}

// An own slot's reader is this process, whose limit has just refused.
void ask_for_memory(const RegisteredSlot& slot, std::string_view key) {
    if (slot.registrant == kOwn || slot.registrant == kLent) return;
    (void)os::send_packet(slot.registrant,
                          wire::encode({.op = LocalOp::back_memory, .key = std::string(key)}));
}

// Attaches to the slot's memory again: the reader is closing, or the memory was replaced
// (docs/inbox.md section 7).
void repair(RegisteredSlot& slot, std::string_view key) {
    if (!slot.own.open) {
        (void)os::send_packet(slot.registrant,
                              wire::encode({.op = LocalOp::reattach, .key = std::string(key)}));
    } else if (auto writer = slot.own.open()) {
        slot.writer = std::move(writer);
    }
}

}  // namespace

Result<std::size_t> Delivery::put(std::string_view slot_key, std::span<const Parcel> messages) {
    RegisteredSlot* const slot = registry_.find(slot_key);
    if (slot == nullptr) return Error{Errc::no_such_slot, "deliver"};
    if (!may_put_(*slot)) return Error{Errc::closed, "deliver"};
    // The losses that a message reports must be in the slot's counters before.
    if (std::ranges::any_of(messages, tells_of_losses)) slot->book(rules_.counters(slot_key));
    return put(*slot, slot_key, item_maker_.make(messages, kItemsAtOnce));
}

Result<std::size_t> Delivery::put(RegisteredSlot& slot, std::string_view key,
                                  std::span<const inbox::Item> items) {
    const auto begun = clock_.now();
    const auto patience = patience_.with(slot, begun);
    const auto put_once = [&] {
        slot.writer->set_lock_patience(patience);
        return slot.writer->put(items);
    };
    auto taken = put_once();
    if (is_dead(taken)) {
        repair(slot, key);
        taken = put_once();
    }
    const bool gave_up = patience > 0ms && failed_with(taken, Errc::timed_out);
    patience_.note_put(slot, begun, clock_.now(), gave_up);
    settle_wants(slot, key);
    if (failed_with(taken, Errc::slot_full) && slot.writer->drops_oldest()) {
        ask_when_full(slot, key, items[0].front().payload.size());
        if (slot.registrant == kOwn) taken = put_once();
        settle_wants(slot, key);
        if (failed_with(taken, Errc::slot_full)) slot.writer->count_refusal(Errc::slot_full);
    }
    if (is_dead(taken)) return Error{Errc::no_such_slot, "deliver"};
    return taken;
}

void Delivery::note_sender(std::string_view slot_key, std::uint64_t origin, std::uint64_t next) {
    RegisteredSlot* const slot = registry_.find(slot_key);
    if (slot == nullptr) return;
    inbox::note_sender(slot->writer->sender_notes(), origin, next, clock_.now_through_sleep());
}

void Delivery::settle_wants(RegisteredSlot& slot, std::string_view key) {
    const std::uint8_t wants = slot.writer->take_wants();
    if ((wants & inbox::InboxWriter::kWantsRing) != 0) {
        if (slot.own.ring) {
            slot.own.ring();
        } else {
            (void)os::send_packet(slot.registrant,
                                  wire::encode({.op = LocalOp::ring, .key = std::string(key)}));
        }
    }
    if ((wants & inbox::InboxWriter::kWantsRoom) != 0) ask_for_room(slot, key, 0);
    if ((wants & inbox::InboxWriter::kWantsMemory) != 0) ask_for_memory(slot, key);
}

// Asks seldom, so that a stopped process does not find its socket full of requests.
void Delivery::ask_when_full(RegisteredSlot& slot, std::string_view key, std::size_t bytes) {
    const std::uint64_t consumed =
        slot.writer->header().consumed_count.load(std::memory_order_relaxed);
    const bool has_asked = slot.registrant != kOwn && slot.asked_at_count == consumed;
    if (has_asked && clock_.now() < slot.ask_again_from) return;
    slot.asked_at_count = consumed;
    slot.ask_again_from = clock_.now() + kAskAgainAfter;
    ask_for_room(slot, key, bytes);
}

}  // namespace mailslot::office
