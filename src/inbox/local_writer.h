// A writer to one slot of this machine, found by name: attaches to its memory and, when the reader
// is replaced, to the next one's.
#pragma once

#include <memory>
#include <span>
#include <string>
#include <vector>

#include "inbox/put_now.h"
#include "inbox/slot_folder.h"
#include "os/local_socket.h"

namespace mailslot::inbox {

// Threads: one at a time.
class LocalWriter {
public:
    // Where to look, the first folder first. `patience`: with a process that does not answer, or is
    // stopped in mid-put.
    LocalWriter(std::vector<SlotFolder> folders, std::string key,
                std::chrono::milliseconds patience = kLockPatience);

    // Finds the slot, if that is still to be done. Errors: no_such_slot, no_permission,
    // no_resources, timed_out (the reader's process is stopped).
    Result<void> attach();
    // As InboxWriter::put; looks the name up again, once, when the reader is gone. Never waits for
    // room.
    Result<std::size_t> put(std::span<const Item> items,
                            InboxWriter::Refusal refusal = InboxWriter::Refusal::counted);
    // The same of one item where nothing is in the way; false: nothing was done, nor counted.
    template <class Now>
    bool put_now(Item& item, const Now& now) {
        return writer_ && writer_->put_now(item, now) && settle_rings();
    }
    // The end that the last put went to, if there was one: to wait for room at, by any thread.
    std::shared_ptr<InboxWriter> end() const { return writer_; }

private:
    Result<void> attach_in(const SlotFolder& folder);
    bool settle_rings() {
        if (writer_->take_unrung()) [[unlikely]]
            ask_station_to_ring();
        return true;
    }
    void ask_station_to_ring();

    std::vector<SlotFolder> folders_;
    std::string key_;
    const std::chrono::milliseconds patience_;
    os::GuardedFd connection_;  // its closing tells the station that this writer is gone
    std::shared_ptr<InboxWriter> writer_;
};

// Asks a reading process about a slot. Errors: no_such_slot, no_permission, timed_out,
// no_resources.
Result<SlotInfo> ask_for_info(const SlotEntry& entry);

}  // namespace mailslot::inbox
