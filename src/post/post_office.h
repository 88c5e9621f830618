// Brings what carriers received into the slots of this machine: admits messages, puts fragments
// together, drops repeats, counts losses. Pure: no socket, no thread, no file. Rules:
// docs/post-office.md.
// Threads: one at a time; nothing here locks.
#pragma once

#include <cstddef>
#include <cstdint>
#include <deque>
#include <functional>
#include <map>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "base/clock.h"
#include "mailslot/result.h"
#include "model/envelope.h"
#include "model/host_names.h"
#include "model/limits.h"
#include "model/parcel.h"
#include "post/counters.h"
#include "post/machine_ids.h"
#include "post/reassembly.h"
#include "post/recent_times.h"
#include "post/sender_book.h"
#include "post/slots.h"
#include "post/waiting_room.h"

namespace mailslot::post {

// Number, names and keys of this machine, for admission.
struct Identity {
    std::uint64_t station = 0;             // random number to begin with; ids() has the present
    std::string host_key;                  // own name, folded
    std::vector<std::string> domain_keys;  // folded
    HostNames names{};                     // further ways to write the own name
    // Returns true if a domain's key is here. Unsealed messages for that domain are then refused,
    // whichever carrier brought them.
    std::function<bool(std::string_view domain)> is_keyed = [](std::string_view) { return false; };
    MachineIds::IsOurAddress is_our_address{};  // if empty, all addresses are

    bool has(std::string_view name) const;          // the machine's name, or a domain of ours
    bool has_one_of(std::string_view names) const;  // for the `to` of a direct frame
};

struct Limits {
    std::size_t senders = kMaxSenders;  // at least 1
    ReassemblyLimits reassembly{};
    // Messages a second into a slot: from one machine, and from all machines; 0: no limit.
    std::uint64_t sender_rate = 0, slot_rate = 0;
};

// Longer than any carrier's format allows. Bounds the memory that a sender takes.
inline constexpr std::size_t kMaxHostBytes = 255;
inline constexpr std::size_t kMaxSlotNameBytes = kMaxAddressUnits * 3;  // UTF-8 of a UTF-16 unit
inline constexpr std::size_t kMaxSpellings =
    1024;  // spellings of slot names kept, to save folding them again

class PostOffice final {
public:
    PostOffice(Identity identity, const Clock& clock, Slots& slots, const Limits& limits = {});
    PostOffice(const PostOffice&) = delete;
    PostOffice& operator=(const PostOffice&) = delete;

    void deliver(std::span<const Parcel> arrived);  // from carriers
    void tick();  // lets half-arrived and waiting messages time out
    std::optional<Clock::Instant> next_tick() const;  // when tick() will have work

    // Opens a slot whose reader listens from now on. Only open slots get messages. A slot that is
    // open already starts anew.
    void slot_opened(std::string_view slot_key);

    // Taking over from a post office that died (docs/office.md): opens the slot as of when the
    // notes of Slots::note_sender began, and recalls each sender noted.
    void slot_taken_over(std::string_view slot_key, Clock::Instant open_since);
    void recall_sender(std::string_view slot_key, std::uint64_t origin, std::uint64_t next);

    // Numbers that mark this machine's own datagrams.
    MachineIds& ids() { return ids_; }
    const MachineIds& ids() const { return ids_; }

    // Messages dropped as repeats although they were none: another message of the origin had the
    // number.
    std::uint64_t origin_conflicts() const { return origin_conflicts_; }

    // Handing over (docs/office.md, docs/protocol/office-state.md): writes all that is known.
    void write_books(wire::OfficeStateWriter& out) const;
    // Reads books into a post office that knows nothing yet, and opens the slots. Returns the
    // number of each slot's memory, for the caller to compare. State of the carrier goes to
    // `take_sealer`.
    std::map<std::string, std::uint64_t, std::less<>> take_books(
        Bytes books, const std::function<void(const wire::SealerState&)>& take_sealer =
                         [](const wire::SealerState&) {});

    // Refuses messages of less trust from now on, until the slot is forgotten.
    void slot_requires(std::string_view slot_key, Trust require);
    // Sets the order in which the slot gets messages from now on, until the slot is forgotten.
    void slot_orders(std::string_view slot_key, Order order);
    // Puts waiting messages into the slots, so that the books have all.
    void let_all_go();
    // Forgets a slot whose reader went away. A new reader starts with clean books.
    void forget_slot(std::string_view slot_key);

    OfficeCounters counters() const;
    SlotCounters counters(std::string_view slot_key) const;  // all zero for a slot that is not open
    // Returns at most `most` senders in the order first heard, from `from` on; the first page begins
    // at 0. Senders that come or are forgotten between two pages do not disturb the others.
    SenderPage senders(std::string_view slot_key, std::uint64_t from, std::size_t most) const;

private:
    struct TextHash {
        using is_transparent = void;
        std::size_t operator()(std::string_view text) const {
            return std::hash<std::string_view>{}(text);
        }
    };
    template <class T>
    using ByText = std::unordered_map<std::string, T, TextHash, std::equal_to<>>;

    using Spellings = ByText<SlotBook*>;

    // A parcel on its way into the slot, and the state to restore if the slot does not take the
    // parcel's first message.
    struct Staged {
        Sender* sender = nullptr;
        std::uint64_t told_below = 0;           // the sender's, before that message
        std::size_t next = Sender::kNotStaged;  // next parcel of the sender in the run
    };

    void look_at_clock();
    void take_in(const Parcel& parcel);
    bool admits(const Parcel& parcel);
    bool is_for_us(const Envelope& envelope) const;
    bool is_sound(const Parcel& parcel);
    bool is_refused(const Envelope& envelope) const;
    void refuse(SlotBook& slot, const Parcel& parcel);
    SlotBook* find_slot(std::string_view spelling);
    Spellings::iterator add_spelling(std::string_view spelling);
    void forget_spellings();
    void count_no_such_slot(const Parcel& parcel);
    void handle(SlotBook& slot, const Parcel& parcel);
    void handle_in_turn(Sender& sender, const Parcel& parcel, bool dropped);
    void handle_messages(Sender& sender, const Parcel& parcel);
    void handle_message(Sender& sender, const Envelope& message);
    void handle_fragment(Sender& sender, const Envelope& fragment);

    // Parts (post_office_parts.cc).
    bool add_part(Sender& sender, const Envelope& fragment);
    void give_up_evicted();
    void drop_parts(Sender& sender, std::uint64_t first, std::uint64_t count);

    // Order (post_office_order.cc).
    void hear_way(Sender& sender, const Parcel& parcel);
    bool begins_amid(const Sender& sender, const Parcel& parcel) const;
    bool is_ahead(const Sender& sender, const Parcel& parcel) const;
    void keep(Sender& sender, const Parcel& parcel, std::uint64_t drops_before);
    void keep_part(Sender& sender, const Parcel& parcel, std::uint64_t drops_before);
    void let_go(Sender& sender, std::uint64_t through = 0);
    void let_first_go(Sender& sender);
    void end_waits();
    void take_copy(const Parcel& copy);

    // Second senders (post_office_seconds.cc).
    std::uint64_t origin_in_books(SlotBook& slot, const Parcel& parcel);
    static bool is_before(const Sender& first, std::uint64_t sequence);
    std::uint64_t begin_second(const SenderKey& of_first, std::uint64_t number,
                               const Parcel& parcel);
    void begin_anew(const SenderKey& key, std::uint64_t sequence);
    Acquaintance::Word word_of(const Sender* sender, const Parcel& parcel) const;

    Sender& sender_of(SlotBook& slot, const Parcel& parcel);
    void note_drops(const Parcel& parcel);
    Clock::Instant began(const Envelope& envelope) const;  // the writer's start, by our clock
    static bool is_age_known(const Envelope& envelope);
    static bool is_as_old(const Envelope& envelope);
    std::uint64_t first_that_counts(const SlotBook& slot, const Envelope& envelope) const;
    void make_room_for_sender();
    void forget_least_recent();
    void note(const Sender& sender) const;
    void count_repeats(Sender& sender, const Parcel& repeats);
    void note_time(const Parcel& parcel);
    void count_gap(Sender& sender, std::uint64_t sequence, bool dropped);
    void count_loss(Sender& sender, Loss cause, std::uint64_t count);
    static Loss gap_counted_as(Sender& sender, Loss cause);
    void take_gap_back(Sender& sender, std::uint64_t sequence, Loss told);
    void move_loss(Sender& sender, Loss from, Loss to);
    SequenceWindow::Standing revive(Sender& sender, std::uint64_t sequence,
                                    SequenceWindow::Standing standing);
    void accept(Sender& sender, std::uint64_t sequence, SequenceWindow::Standing standing);
    void give_up(Sender& sender, std::uint64_t sequence, Loss cause);

    void stage(Sender& sender, Parcel parcel);
    void put_into_run(Sender& sender, const Parcel& parcel);
    std::uint64_t within_limits(Sender& sender, std::uint64_t wanted);
    void flush();
    std::size_t settle_taken(std::size_t front, std::size_t count);
    std::size_t settle_refused(std::size_t front, Loss cause);
    std::size_t messages_from(std::size_t front) const;
    void clear_books(SlotBook& slot);
    bool take_sender(SlotBook& slot, const wire::SenderState& state);
    bool take_part(SlotBook& slot, const wire::PartState& state);

    Identity identity_;
    MachineIds ids_;
    RecentTimes times_;
    std::uint64_t origin_conflicts_ = 0;
    const Clock& clock_;
    Slots& slots_;
    OfficeCounters counters_;
    Clock::Instant now_{}, now_through_sleep_{};  // time of the current call

    ByText<SlotBook> open_;  // open slots, by folded name
    Spellings spellings_;    // as writers wrote them; null: no such slot
    const Spellings::value_type* last_spelling_ = nullptr;  // looked up last
    std::uint64_t kernel_drops_ = 0;                        // the most that a parcel said
    Clock::Instant dropped_at_ = Clock::Instant::min();     // when kernel_drops_ went up last
    SenderBook book_;
    Reassembly reassembly_;
    const std::uint64_t sender_rate_, slot_rate_;
    std::vector<Reassembly::Key> evicted_;
    WaitingRoom room_;

    SlotBook* run_slot_ = nullptr;  // slot of all messages in run_
    std::vector<Parcel> run_;       // for one call of Slots::put
    std::vector<Staged> staged_;    // parallel to run_
    std::deque<Ahead> gone_;        // taken from room_; run_ borrows them
};

}  // namespace mailslot::post
