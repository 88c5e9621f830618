// A writer to one slot of this machine, found by name: attaches to its memory and, when the reader
// is replaced, to the next one's.
#pragma once

#include <memory>
#include <span>
#include <string>
#include <vector>

#include "inbox/drop_book.h"
#include "inbox/put_now.h"
#include "inbox/slot_folder.h"
#include "os/local_socket.h"

namespace mailslot::inbox {

// For a process that makes room in a slot that drops its oldest: longer than a busy machine takes
// to let it run. Where it does not, it is not waited for again so soon.
inline constexpr std::chrono::milliseconds kRoomPatience{100};
inline constexpr std::chrono::milliseconds kNoPatienceFor{1000};

// Threads: one at a time.
class LocalWriter {
public:
    // Where to look, the first folder first. `patience`: with a process that does not answer, or is
    // stopped in mid-put.
    LocalWriter(std::vector<SlotFolder> folders, std::string key,
                std::chrono::milliseconds patience = kLockPatience);

    // Ends what attach and put wait for, with Errc::interrupted and nothing done.
    void set_interrupted(Interrupted interrupted) {
        interrupted_ = interrupted;
        if (writer_) writer_->set_interrupted(interrupted);
    }

    // Finds the slot, if that is still to be done. Errors: no_such_slot, no_permission,
    // no_resources, timed_out (the reader's process is stopped), interrupted.
    Result<void> attach();
    // As InboxWriter::put; looks the name up again, once, when the reader is gone. Waits for room
    // only where the slot drops its oldest, kRoomPatience at most.
    Result<std::size_t> put(std::span<const Item> items,
                            InboxWriter::Refusal refusal = InboxWriter::Refusal::counted);
    // The same of one item where nothing is in the way; false: nothing was done, nor counted.
    template <class Now>
    bool put_now(Item& item, const Now& now) {
        return writer_ && writer_->put_now(item, now) && settle_wants();
    }
    // Whether the slot does, as far as that is known by now.
    bool drops_oldest() const { return writer_ && writer_->drops_oldest(); }
    // The end that the last put went to, if there was one: to wait for room at, by any thread.
    std::shared_ptr<InboxWriter> end() const { return writer_; }

private:
    Result<void> attach_in(const SlotFolder& folder);
    bool settle_wants() {
        if (const std::uint8_t wants = writer_->take_wants()) [[unlikely]]
            ask_station(wants);
        return true;
    }
    void ask_station(std::uint8_t wants);
    void ask_station_to_ring();
    bool ask_station_for_room(std::size_t bytes);
    Result<std::size_t> put_into_full(std::span<const Item> items);

    std::vector<SlotFolder> folders_;
    std::string key_;
    const std::chrono::milliseconds patience_;
    os::GuardedFd connection_;  // its closing tells the station that this writer is gone
    std::shared_ptr<InboxWriter> writer_;
    Interrupted interrupted_ = nullptr;
    os::Deadline answer_by_{};  // of a question that was interrupted, and is asked again
    std::chrono::steady_clock::time_point patient_from_{};  // for room
};

// Asks a reading process about a slot. Errors: no_such_slot, no_permission, timed_out,
// no_resources, interrupted.
Result<SlotInfo> ask_for_info(const SlotEntry& entry, Interrupted interrupted = nullptr,
                              os::Deadline answer_by = {});
// Of which origins it has dropped how many, in their order. Errors: the same.
Result<DropBook::Drops> ask_for_drops(const SlotEntry& entry, os::Deadline answer_by = {});

}  // namespace mailslot::inbox
