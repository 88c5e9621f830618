// A writer to a slot of this machine, found by name. Attaches to the slot's memory and, if the
// reader is replaced, to that of the next reader.
#pragma once

#include <memory>
#include <span>
#include <string>
#include <vector>

#include "inbox/put_now.h"
#include "local/ask_reader.h"
#include "local/slot_folder.h"
#include "os/local_socket.h"

namespace mailslot::local {

// How long a put waits for a process to make room in a slot that drops its oldest: longer than a
// busy machine takes to let that process run. After a wait in vain, puts do not wait for
// kNoPatienceFor.
inline constexpr std::chrono::milliseconds kRoomPatience{100};
inline constexpr std::chrono::milliseconds kNoPatienceFor{1000};

// Threads: one at a time
class LocalWriter {
public:
    // `folders` are searched in order. `patience` is for a process that does not answer, or that is
    // stopped in mid-put.
    LocalWriter(std::vector<SlotFolder> folders, std::string key,
                std::chrono::milliseconds patience = inbox::kLockPatience);

    // Sets the check that ends waits of attach and put with Errc::interrupted and nothing done.
    void set_interrupted(Interrupted interrupted) {
        interrupted_ = interrupted;
        if (writer_) writer_->set_interrupted(interrupted);
    }

    // Finds the slot if it is not attached yet.
    // Errors: no_such_slot, no_permission, no_resources, timed_out (the reader's process is
    // stopped), interrupted
    Result<void> attach();
    // Like inbox::InboxWriter::put, but looks the name up again, once, if the reader is gone. Waits for
    // room only if the slot drops its oldest, at most kRoomPatience.
    Result<std::size_t> put(
        std::span<const inbox::Item> items,
        inbox::InboxWriter::Refusal refusal = inbox::InboxWriter::Refusal::counted);
    // Fast path of put, for a single item. Returns false, with nothing done or counted, if it
    // cannot be used.
    template <class Now>
    bool put_now(inbox::Item& item, const Now& now) {
        return writer_ && writer_->put_now(item, now) && settle_wants();
    }
    // Returns whether the slot drops its oldest, as far as known yet.
    bool drops_oldest() const { return writer_ && writer_->drops_oldest(); }
    // The slot's end that the last put used, if any. Any thread may wait for room at it.
    std::shared_ptr<inbox::InboxWriter> end() const { return writer_; }

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
    Result<std::size_t> put_into_full(std::span<const inbox::Item> items);
    Result<std::size_t> put_when_backed(std::span<const inbox::Item> items, const Error& refused);

    std::vector<SlotFolder> folders_;
    std::string key_;
    const std::chrono::milliseconds patience_;
    ReaderConnection connection_;  // closed, tells the station that this writer is gone
    std::shared_ptr<inbox::InboxWriter> writer_;
    Interrupted interrupted_ = nullptr;
    os::Deadline answer_by_{};  // deadline of a question that was interrupted and is asked again
    std::chrono::steady_clock::time_point patient_from_{};  // no wait for room before this time
};

}  // namespace mailslot::local
