// The post office of a machine at work: its carriers, the pure PostOffice, and the slots that are
// registered with it, this process's own and others'. Whoever makes one holds the office lock.
// Threads: the station's only.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "carrier/carrier.h"
#include "inbox/inbox_writer.h"
#include "inbox/slot_folder.h"
#include "model/settings.h"
#include "os/event_loop.h"
#include "os/folder.h"
#include "os/local_socket.h"
#include "os/thread.h"
#include "post/answerer.h"
#include "post/deputies.h"
#include "post/door.h"
#include "post/gateway.h"
#include "post/guest_sockets.h"
#include "post/handover.h"
#include "post/item_maker.h"
#include "post/name_owners.h"
#include "post/own_addresses.h"
#include "post/post_office.h"
#include "wire/local_message.h"

namespace mailslot::post {

using wire::NamedCounter;

struct OfficeRole {
    wire::Rank rank = wire::Rank::reader;
    bool serves_all_users = false;  // any user's process may register
    int listener = -1;              // for registrations, where somebody else keeps it open
};

struct OfficeStatus {
    std::size_t slots = 0, registrants = 0;
    OfficeCounters counters;
    std::optional<Error> metrics_error{};  // why no metrics are served, where they should be
};

class Office {
public:
    // Listens for registrations, then on the network; where the network cannot be had the office
    // works for those who register all the same. The estate is an earlier office's, or has the lock
    // alone. Receives when all who were registered are so again, at the latest at `receive_by`.
    // Errors: no_permission, no_resources.
    static Result<std::unique_ptr<Office>> open(const Settings& settings,
                                                const inbox::SlotFolder& folder,
                                                std::uint64_t station, const Clock& clock,
                                                os::EventLoop& loop, const OfficeRole& role,
                                                Estate estate, Clock::Instant receive_by);
    ~Office();

    // Handing over (office_handover.cc). Offers itself to a registered process that may have it and
    // was not asked yet; false: there is none. Whether that one still may answer.
    bool offer();
    bool is_offered() const { return door_.has(offered_); }
    // Who claimed the office and is to get it.
    bool is_claimed() const { return door_.has(claimant_); }
    os::GuardedFd take_claimant();
    // When it receives at the latest; no value: it does.
    std::optional<Clock::Instant> receive_by() const { return receive_by_; }
    // Takes in all that is there now.
    void drain();
    // All that it has; from then on it is of no further use.
    Estate take_apart();

    // A slot of this process. `open` makes a writer to it, now and whenever its memory was
    // replaced; `ring` is for a writer that cannot; `make_room`, as Inbox has it.
    struct OwnSlot {
        std::function<std::unique_ptr<inbox::InboxWriter>()> open{};
        std::function<void()> ring{};
        std::function<void(std::uint64_t wanted_bytes)> make_room{};
        Deputies::SlotLender lender{};
    };
    void add_own_slot(const std::string& key, OwnSlot own);
    void remove_own_slot(const std::string& key);

    // An office that does not answer (office_deputies.cc). A slot of a process that stands still.
    void add_lent_slot(const std::string& key, std::unique_ptr<inbox::InboxWriter> writer);
    // Another process has taken our place. Cheap: asks the system at most every 250 ms.
    bool is_replaced();
    bool has_deputies() const { return deputies_.has_any(); }
    // As a replaced office: takes in what is there for our own slots alone.
    void drain_into_own_slots();
    Deputies::Numbers take_lent_numbers() { return deputies_.take_numbers(); }

    void tick();
    // Puts back lock and sockets that somebody has removed. Returns false if another process is the
    // office of the folder meanwhile.
    bool keep_place();
    std::optional<Clock::Instant> next_tick() const;
    const std::optional<Error>& network_error() const { return network_error_; }
    OfficeStatus status() const {
        return {slots_.size() + inherited_.size(), door_.size(), post_office_.counters()};
    }

    // What slots' memory is to say that this machine is (office_machine.cc), and whom to tell when
    // that changes.
    MachineId machine() const { return {post_office_.ids().present(), network_id_}; }
    void tell_changes_to(std::function<void(const MachineId&)> tell) { tell_ = std::move(tell); }

    // What it has counted for the whole machine, by name: docs/office.md, "Counters".
    std::vector<NamedCounter> counters() const;

private:
    struct Slot;
    // In the place of a registrant's descriptor: ours, and those that an earlier office lent us.
    static constexpr int kOwn = -1, kLent = -2;

    Office(const Settings& settings, const inbox::SlotFolder& folder, std::uint64_t station,
           const Clock& clock, os::EventLoop& loop, const OfficeRole& role, os::GuardedFd lock);
    std::vector<Carrier*> carriers() const;
    void start_network(Estate& estate);
    Result<void> start(Carrier& carrier, Estate& estate);
    void receive(Carrier& carrier);
    Result<void> listen();
    Result<void> mark_lock(const os::GuardedFd& lock) const;
    void stop_listening();
    bool has_room_for_slot(std::uint32_t user, std::size_t bytes) const;
    Result<void> enter_name(int fd, const wire::LocalMessage& message, Slot& slot);
    Result<void> listen_at(const std::string& path, unsigned mode, os::GuardedFd& listener,
                           std::optional<os::FileId>& file);
    void hear_registrant(int fd);
    void hear(int fd, const wire::LocalMessage& message, std::vector<os::UniqueFd>& fds);
    void hear_machine(int fd, const MachineId& machine);
    void tell_machine(int fd) const;
    void change_machine();
    void use_machine();
    void drop_registrant(int fd);
    void register_slot(int fd, const wire::LocalMessage& message, std::vector<os::UniqueFd>& fds);
    void give_socket(int fd, const wire::LocalMessage& message);
    Result<std::size_t> put(std::string_view key, std::span<const Parcel> messages);
    Result<std::size_t> put(Slot& slot, const std::string& key, std::span<const inbox::Item> items);
    std::chrono::milliseconds patience_with(const Slot& slot);
    void settle_wants(Slot& slot, const std::string& key);
    void ask_when_full(Slot& slot, const std::string& key, std::size_t bytes);
    void ask_for_room(Slot& slot, const std::string& key, std::size_t bytes);
    void mend(Slot& slot, const std::string& key);
    void enter_slot(const std::string& key, std::unique_ptr<Slot> slot);
    void open_books(const std::string& key, inbox::InboxWriter& writer, SlotCounters& booked);
    void make_deputy(int fd);
    void lend_anew();
    void drop_dead_lent_slots();
    void hear_claim(int fd, wire::Rank rank);
    bool may_take_over(int fd) const;
    void adopt(Estate& estate);
    bool all_are_here() const;
    void begin_to_receive();
    Result<void> begin_to_receive(Carrier& carrier);
    void remove_slot(const std::string& key, int registrant);
    std::vector<std::string> names_of_slots(const std::optional<std::string>& key, Trust asker);
    static Trust require_of(const Slot& slot);
    bool may_ask_about(int fd, const Slot& slot) const;
    void tell_senders(int fd, const wire::LocalMessage& question) const;
    void tell_counters(int fd) const;
    void book_counters();
    void book_counters(Slot& slot, const std::string& key);

    const Clock& clock_;
    os::EventLoop& loop_;
    const OfficeRole role_;
    os::GuardedFd lock_;
    const inbox::SlotFolder& folder_;
    os::GuardedFd listener_, takeover_listener_;
    // Their files, and the lock's, may be removed: whose they are shows by these.
    std::optional<os::FileId> listener_file_, takeover_file_;
    Door door_;
    // Where slots of several users are registered.
    std::optional<NameOwners> owners_;
    std::optional<GuestSockets> guest_sockets_;

    // Handing over, as a successor: whose slots are expected, whose books came, and when we receive
    // at the latest. No value: we do.
    bool is_successor_ = false;  // of one that handed us its registered processes
    bool has_books_ = false;     // of slots that were open
    std::set<int> awaited_;
    std::map<std::string, std::uint64_t, std::less<>> inherited_;
    std::optional<Clock::Instant> receive_by_;
    // And as a predecessor.
    static constexpr int kNobody = -1;
    std::set<int> asked_;
    int offered_ = kNobody, claimant_ = kNobody;

    Deputies deputies_;
    Clock::Instant look_at_lock_at_{};
    bool is_replaced_ = false, drains_into_own_ = false;
    bool has_lent_slots_ = false;  // of others, who stand still

    std::map<std::string, std::unique_ptr<Slot>, std::less<>> slots_;
    std::map<std::uint32_t, Clock::Instant> impatient_until_;  // users; of their slots' locks
    ItemMaker item_maker_;
    // The machine's way to others; the classic wire, where that is not all there is; and the other
    // users of a machine without a network.
    std::unique_ptr<Carrier> network_, classic_, neighbours_;
    std::optional<Gateway> gateway_;  // between the first two
    std::optional<Error> network_error_;
    std::optional<Clock::Instant> retry_network_;
    std::optional<Clock::Instant> book_at_;
    const NetworkId network_id_;
    OwnAddresses addresses_;
    std::set<int> told_;  // registrants that follow what this machine is
    std::function<void(const MachineId&)> tell_ = [](const MachineId&) {};
    PostOffice post_office_;
    os::ShortTurns turns_;
    SystemRandom random_;
    Answerer answerer_;
};

OwnAddresses addresses_of_system(const Clock& clock);
// Who this machine is, as messages address it.
Identity identity_of(const Settings& settings, std::uint64_t station);

}  // namespace mailslot::post
