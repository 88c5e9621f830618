// The post office of a machine at work: its carriers, the pure PostOffice, and the slots of this
// and other processes that are registered. Only the holder of the office lock makes an Office.
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
#include "local/slot_folder.h"
#include "model/settings.h"
#include "os/event_loop.h"
#include "os/folder.h"
#include "os/local_socket.h"
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
    int listener = -1;              // for registrations, if somebody else keeps the socket open
};

struct OfficeStatus {
    std::size_t slots = 0, registrants = 0;
    OfficeCounters counters;
    std::optional<Error> metrics_error{};  // why no metrics are served, if they should be
};

class Office {
public:
    // Starts on the network, then listens for registrations. Without a network the office still
    // works for processes that register. `estate` comes from an earlier office, or holds the lock
    // alone. The office receives once all processes that were registered are so again, at
    // `receive_by` at the latest.
    // Errors: no_permission, no_resources.
    static Result<std::unique_ptr<Office>> open(const Settings& settings,
                                                const local::SlotFolder& folder,
                                                std::uint64_t station, const Clock& clock,
                                                os::EventLoop& loop, const OfficeRole& role,
                                                Estate estate, Clock::Instant receive_by);
    ~Office();

    // Handing over (office_handover.cc). Offers the office to the next registered process that may
    // have the office. Returns false if none is left. is_offered(): that process can still answer.
    bool offer();
    bool is_offered() const { return door_.has(offered_); }
    // Returns true if a claim was granted: that process is to get the office.
    bool is_claimed() const { return door_.has(claimant_); }
    os::GuardedFd take_claimant();
    // Returns when the office receives at the latest, or nullopt if the office receives already.
    std::optional<Clock::Instant> receive_by() const { return receive_by_; }
    // Takes in all that waits in the sockets now.
    void drain();
    // Returns all that the office has. The office is of no further use after that.
    Estate take_apart();

    // A slot of this process. `open` makes a writer, at first and whenever the slot's memory was
    // replaced. `ring` wakes the reader for a writer that cannot. `make_room`: as in Inbox.
    struct OwnSlot {
        std::function<std::unique_ptr<inbox::InboxWriter>()> open{};
        std::function<void()> ring{};
        std::function<void(std::uint64_t wanted_bytes)> make_room{};
        Deputies::SlotLender lender{};
    };
    void add_own_slot(const std::string& key, OwnSlot own);
    void remove_own_slot(const std::string& key);

    // An office that does not answer (office_deputies.cc). Adds a slot of a process that stands
    // still.
    void add_lent_slot(const std::string& key, std::unique_ptr<inbox::InboxWriter> writer);
    // Returns true if another process has taken our place. Cheap: asks the system at most every 250
    // ms.
    bool is_replaced();
    bool has_deputies() const { return deputies_.has_any(); }
    // For a replaced office: takes in what waits, for our own slots only.
    void drain_into_own_slots();
    Deputies::Numbers take_lent_numbers() { return deputies_.take_numbers(); }

    void tick();
    // Restores the lock and the sockets if somebody has removed them. Returns false if another
    // process has become the folder's office meanwhile.
    bool keep_place();
    std::optional<Clock::Instant> next_tick() const;
    const std::optional<Error>& network_error() const { return network_error_; }
    OfficeStatus status() const {
        return {slots_.size() + inherited_.size(), door_.size(), post_office_.counters()};
    }

    // Number of this machine as slots' memory must say it (office_machine.cc), and the function to
    // call when the number changes.
    MachineId machine() const { return {post_office_.ids().present(), network_id_}; }
    void tell_changes_to(std::function<void(const MachineId&)> tell) { tell_ = std::move(tell); }

    // Returns the counters of the whole machine by name: docs/office.md, "Counters".
    std::vector<NamedCounter> counters() const;

private:
    struct Slot;
    // Stand for the descriptor of a registrant: in slots of this process, and in slots that an
    // earlier office lent us.
    static constexpr int kOwn = -1, kLent = -2;

    Office(const Settings& settings, const local::SlotFolder& folder, std::uint64_t station,
           const Clock& clock, os::EventLoop& loop, const OfficeRole& role, os::GuardedFd lock);
    Carrier& main_carrier() const { return *carriers_.front(); }
    void start_network(Estate& estate);
    Result<void> start(Carrier& carrier, Estate& estate);
    void receive(Carrier& carrier);
    Result<void> listen();
    Result<void> mark_lock(const os::GuardedFd& lock) const;
    void stop_listening();
    bool has_room_for_slot(const std::string& key, std::uint32_t user,
                           const inbox::Geometry& geometry);
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
    TimeShares& waits_for(const Slot& slot);
    std::chrono::milliseconds patience_with(const Slot& slot);
    void settle_wants(Slot& slot, const std::string& key);
    void ask_when_full(Slot& slot, const std::string& key, std::size_t bytes);
    void ask_for_room(Slot& slot, const std::string& key, std::size_t bytes);
    void ask_for_memory(Slot& slot, const std::string& key);
    std::uint64_t backed_for(std::uint32_t user);
    void repair(Slot& slot, const std::string& key);
    void enter_slot(const std::string& key, std::unique_ptr<Slot> slot);
    void open_books(const std::string& key, Slot& slot);
    bool has_room_for_recalled(const Slot& slot, std::size_t senders) const;
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
    const local::SlotFolder& folder_;
    os::GuardedFd listener_, takeover_listener_;
    // Files of the sockets as we made them. Others may remove or replace them.
    std::optional<os::FileId> listener_file_, takeover_file_;
    Door door_;
    // Only where slots of several users are registered.
    std::optional<NameOwners> owners_;
    std::optional<GuestSockets> guest_sockets_;

    // Handing over, as a successor: processes that must register again (awaited_), slots whose
    // books came (inherited_), and when to receive at the latest (nullopt: receives already).
    bool is_successor_ = false;  // got the registered processes of its predecessor
    bool has_books_ = false;     // got the books of open slots
    std::set<int> awaited_;
    std::map<std::string, std::uint64_t, std::less<>> inherited_;
    std::optional<Clock::Instant> receive_by_;
    // Handing over, as a predecessor.
    static constexpr int kNobody = -1;
    std::set<int> asked_;
    int offered_ = kNobody, claimant_ = kNobody;

    Deputies deputies_;
    Clock::Instant look_at_lock_at_{};
    bool is_replaced_ = false, drains_into_own_ = false;
    bool has_lent_slots_ = false;  // owned by processes that stand still

    std::map<std::string, std::unique_ptr<Slot>, std::less<>> slots_;
    // Time that slots of other users took above the usual: see patience_with().
    TimeShares waits_for_private_, waits_for_opened_;
    struct BackedBytes {
        std::uint64_t bytes = 0;
        Clock::Instant count_again_from{};
    };
    std::map<std::uint32_t, BackedBytes> backed_;  // memory of slots, by user
    os::MemoryLimit memory_limit_{};
    ItemMaker item_maker_;
    const std::vector<std::unique_ptr<Carrier>> carriers_;  // the main carrier first
    std::optional<Gateway> gateway_;                        // between the first two
    std::optional<Error> network_error_;
    std::optional<Clock::Instant> retry_network_;
    std::optional<Clock::Instant> book_at_;
    const NetworkId network_id_;
    OwnAddresses addresses_;
    std::set<int> told_;  // registrants that follow this machine's number
    std::function<void(const MachineId&)> tell_ = [](const MachineId&) {};
    PostOffice post_office_;
    SystemRandom random_;
    Answerer answerer_;
};

OwnAddresses addresses_of_system(const Clock& clock);
// Returns this machine's number, names and domains, as messages address them.
Identity identity_of(const Settings& settings, std::uint64_t station);

}  // namespace mailslot::post
