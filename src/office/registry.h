// The slots that are registered with the office: of this process, of other processes, and of
// processes that stand still. Opens and closes them in the post office's books.
// Threads: the station's only.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "base/random.h"
#include "local/slot_folder.h"
#include "mailslot/result.h"
#include "office/guest_sockets.h"
#include "office/name_owners.h"
#include "office/registered_slot.h"
#include "os/memory_limit.h"
#include "post/post_office.h"
#include "wire/local_message.h"

namespace mailslot::office {

class Registry {
public:
    using Slots = std::map<std::string, std::unique_ptr<RegisteredSlot>, std::less<>>;

    // `serves_all_users`: slots of several users are registered.
    Registry(const local::SlotFolder& folder, const Clock& clock, Random& random,
             post::PostOffice& rules, bool serves_all_users);

    RegisteredSlot* find(std::string_view key) const;  // null if not registered
    const Slots& slots() const { return slots_; }

    // Registers a slot for the process behind a connection. Moves the descriptors that are kept out
    // of `fds`.
    // Errors: slot_exists, no_permission, no_resources, bad_segment.
    Result<void> add(os::Handle connection, std::uint32_t user, const wire::LocalMessage& request,
                     std::vector<os::UniqueFd>& fds);
    // Returns false if the slot's memory cannot be had.
    bool add_own(const std::string& key, OwnSlot own);
    // Adds a slot of a process that stands still.
    void add_lent(const std::string& key, std::unique_ptr<inbox::InboxWriter> writer);
    // Removes a slot if it is that registrant's.
    void remove(const std::string& key, os::Handle registrant);
    void remove_all_of(os::Handle registrant);

    bool serves_all_users() const { return guest_sockets_.has_value(); }
    // Makes a socket at which a guest's process is asked. Requires serves_all_users().
    // Errors: no_permission, no_resources.
    Result<GuestSockets::Made> make_socket(os::Handle connection, std::uint32_t user,
                                           std::string_view earlier);

    // Expects slots whose books came from a predecessor, with the numbers of their memory, until
    // they are registered, or are given up.
    using Expected = std::map<std::string, std::uint64_t, std::less<>>;
    void expect(Expected slots) { expected_ = std::move(slots); }
    const Expected& expected() const { return expected_; }
    void give_up_expected();

    // Returns the number of a slot's memory, registered or expected; 0 if unknown.
    std::uint64_t memory_of(std::string_view key) const;
    // Returns the names, as their readers wrote them, of slots to which an asker of that trust may
    // write. With a key: only that slot, or none.
    std::vector<std::string> names(const std::optional<std::string>& key, Trust asker);

    void tick();
    std::optional<Clock::Instant> next_tick() const;

private:
    struct BackedBytes {
        std::uint64_t bytes = 0;
        Clock::Instant count_again_from{};
    };

    Result<void> check_name(os::Handle connection, std::uint32_t user, const std::string& key,
                            const os::UniqueFd& memory) const;
    bool is_lent_here(const RegisteredSlot& slot, const os::UniqueFd& memory) const;
    bool has_room_for(const std::string& key, std::uint32_t user, const inbox::Geometry& geometry);
    Result<std::string> enter_name(os::Handle connection, const wire::LocalMessage& request);
    void enter(const std::string& key, std::unique_ptr<RegisteredSlot> slot);
    void open_books(const std::string& key, RegisteredSlot& slot);
    bool has_room_for_recalled(const RegisteredSlot& slot, std::size_t senders) const;
    std::uint64_t backed_for(std::uint32_t user);
    const std::string& name_of(const std::string& key, RegisteredSlot& slot) const;
    void drop_dead_lent_slots();

    const local::SlotFolder& folder_;
    const Clock& clock_;
    post::PostOffice& rules_;
    Slots slots_;
    Expected expected_;
    bool has_lent_slots_ = false;
    // Only where slots of several users are registered.
    std::optional<NameOwners> owners_;
    std::optional<GuestSockets> guest_sockets_;
    std::map<std::uint32_t, BackedBytes> backed_;  // memory of slots, by user
    os::MemoryLimit memory_limit_{};
};

}  // namespace mailslot::office
