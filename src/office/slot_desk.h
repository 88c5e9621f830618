// The slots of this process, and the programs that write to them or ask about them: lets writers
// in, repairs what dead writers left behind, makes room and returns memory.
// Threads: the station's only, but for want_trim().
#pragma once

#include <atomic>
#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "base/clock.h"
#include "inbox/inbox.h"
#include "model/machine_id.h"
#include "office/door.h"
#include "office/premises.h"
#include "office/registered_slot.h"
#include "os/liveness.h"
#include "wire/local_message.h"

namespace mailslot::office {

class SlotDesk {
public:
    using Slot = std::shared_ptr<inbox::Inbox>;
    using Slots = std::map<std::string, Slot, std::less<>>;

    SlotDesk(const Premises& at, std::unique_ptr<os::Liveness> liveness, std::uint64_t machine);

    Door& door() { return *door_; }
    // Makes this the thread whose death tells others that the slots are gone.
    void bind_to_this_thread() { liveness_->bind_to_this_thread(); }
    os::Handle liveness() const { return liveness_->fd().get(); }
    // Tells others that the slots are gone, and dismisses all visitors.
    void close();

    // Returns false if the process has a slot of that name already.
    bool add(const Slot& slot);
    void remove(const std::string& key);
    Slot find(std::string_view key) const;  // null if not here
    const Slots& slots() const { return slots_; }
    // Returns the slot as this process's own office uses the slot.
    OwnSlot own_slot(const Slot& slot);

    // Writes the machine's number into the slots' memory, where writers read it.
    void set_machine(const MachineId& machine);
    const MachineId& machine() const { return machine_; }

    // Returns true, once, if a program said that the office has moved.
    bool take_word_of_office() { return std::exchange(has_word_of_office_, false); }

    // Repairs the slots after writers with these numbers.
    void bury(const Deputies::Numbers& writers);
    // Makes room when asked. Looks again, unasked, as long as there is something to drop.
    void make_room(inbox::Inbox& slot, std::uint64_t wanted_bytes);
    // Looks soon at all slots that drop their oldest.
    void look_for_room_soon() { room_at_ = at_.clock.now(); }
    // Returns slots whose damage by other users has just been found, and that must be registered
    // anew.
    std::vector<Slot> look_for_harm() const;

    void tick();
    std::optional<Clock::Instant> next_tick() const;

private:
    // A program that writes to a slot of ours.
    struct Visitor {
        Slot slot;
        std::uint32_t number = 0;
    };
    void want_trim();  // any thread
    void hear(os::Handle connection);
    void answer_visitor(os::Handle connection, const wire::LocalMessage& message);
    void answer_writer(os::Handle connection, const Visitor& visitor,
                       const wire::LocalMessage& message);
    void admit(os::Handle connection, const Slot& slot);
    void dismiss(os::Handle connection);
    void trim();
    void look_for_room();

    const Premises& at_;
    const std::unique_ptr<os::Liveness> liveness_;
    MachineId machine_;  // as written in the slots' memory
    Slots slots_;
    std::unique_ptr<Door> door_;
    std::map<os::Handle, Visitor> visitors_;  // by their connections
    bool has_word_of_office_ = false;
    std::optional<Clock::Instant> trim_at_;    // next look for memory that our slots no longer need
    std::optional<Clock::Instant> room_at_{};  // next look at slots that drop their oldest

    std::atomic<bool> trim_is_wanted_{false};  // set by reading threads, cleared by the station's
};

}  // namespace mailslot::office
