// Brings what carriers received into the slots of this machine: admits messages, puts fragments
// together, drops repeats, counts losses. Pure: no socket, no thread, no file. Rules:
// docs/post-office.md.
// Threads: one at a time; nothing here locks.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "base/clock.h"
#include "model/envelope.h"
#include "model/parcel.h"
#include "post/admission.h"
#include "post/books.h"
#include "post/counters.h"
#include "post/dispatch.h"
#include "post/intake.h"
#include "post/ledger.h"
#include "post/machine_ids.h"
#include "post/parts.h"
#include "post/reassembly.h"
#include "post/senders.h"
#include "post/slots.h"
#include "post/turns.h"

namespace mailslot::post {

struct Limits {
    std::size_t senders = kMaxSenders;  // at least 1
    ReassemblyLimits reassembly{};
    // Messages a second into a slot: from one machine, and from all machines; 0: no limit.
    std::uint64_t sender_rate = 0, slot_rate = 0;
};

class PostOffice final {
public:
    PostOffice(Identity identity, const Clock& clock, Slots& slots, const Limits& limits = {});
    PostOffice(const PostOffice&) = delete;
    PostOffice& operator=(const PostOffice&) = delete;

    void deliver(std::span<const Parcel> arrived);  // from carriers
    // Returns whether deliver() would hand the parcel to an open slot.
    bool takes(const Parcel& parcel);
    void tick();  // lets half-arrived and waiting messages time out
    std::optional<Clock::Instant> next_tick() const;  // when tick() will have work

    // Opens a slot whose reader listens from now on. Only open slots get messages. A slot that is
    // open already starts anew.
    void slot_opened(std::string_view slot_key);
    // Taking over from a post office that died (docs/office.md): opens the slot as of when the
    // notes of Slots::note_sender began, and recalls each sender noted.
    void slot_taken_over(std::string_view slot_key, Clock::Instant open_since);
    void recall_sender(std::string_view slot_key, std::uint64_t origin, std::uint64_t next);
    // Refuses messages of less trust from now on, until the slot is forgotten.
    void slot_requires(std::string_view slot_key, Trust require);
    // Sets the order in which the slot gets messages from now on, until the slot is forgotten.
    void slot_orders(std::string_view slot_key, Order order);
    // Forgets a slot whose reader went away. A new reader starts with clean books.
    void forget_slot(std::string_view slot_key);

    // Numbers that mark this machine's own datagrams.
    MachineIds& ids() { return admission_.ids(); }
    const MachineIds& ids() const { return admission_.ids(); }
    // Messages dropped as repeats although they were none: another message of the origin had the
    // number.
    std::uint64_t origin_conflicts() const { return intake_.origin_conflicts(); }

    // Handing over (docs/office.md, docs/protocol/office-state.md). Puts waiting messages into the
    // slots, so that the books have all.
    void let_all_go();
    // Writes all that is known.
    void write_books(wire::OfficeStateWriter& out) const;
    // Reads books into a post office that knows nothing yet, and opens the slots. Returns the
    // number of each slot's memory, for the caller to compare. State of the carrier goes to
    // `take_sealer`.
    std::map<std::string, std::uint64_t, std::less<>> take_books(
        Bytes books, const std::function<void(const wire::SealerState&)>& take_sealer =
                         [](const wire::SealerState&) {});

    OfficeCounters counters() const { return books_.present_counters(); }
    SlotCounters counters(std::string_view slot_key) const;  // all zero for a slot that is not open
    // Returns at most `most` senders in the order first heard, from `from` on; the first page begins
    // at 0. Senders that come or are forgotten between two pages do not disturb the others.
    SenderPage senders(std::string_view slot_key, std::uint64_t from, std::size_t most) const;

private:
    void look_at_clock();
    void take(const Parcel& parcel);
    bool admits(const Parcel& parcel);
    void count_no_such_slot(const Parcel& parcel);
    void handle(SlotBook& slot, const Parcel& parcel);
    void handle_in_turn(Sender& sender, const Parcel& parcel, bool dropped);

    const Clock& clock_;
    Slots& slots_;
    Admission admission_;
    Books books_;
    Ledger ledger_;
    Dispatch dispatch_;
    Intake intake_;
    Turns turns_;
    Parts parts_;
    Senders senders_;
};

}  // namespace mailslot::post
