// Asks reading processes about their slots. Such a process may belong to another user, be stopped,
// or be malicious: each conversation ends in time, and leaves no descriptor whose closing takes
// long.
#pragma once

#include <chrono>
#include <cstdint>
#include <span>
#include <vector>

#include "inbox/drop_book.h"
#include "local/slot_folder.h"
#include "mailslot/slot_info.h"
#include "os/fork_guard.h"
#include "os/futex.h"
#include "wire/local_message.h"

namespace mailslot::local {

// How long all questions asked at once may take. A healthy station answers at once.
inline constexpr std::chrono::milliseconds kInfoPatience{1000};

// A connection to a reading process.
// Threads: one at a time
class ReaderConnection {
public:
    ReaderConnection() = default;
    // Unless `wants_descriptors`, stops anybody from sending descriptors here, if the system can do
    // that.
    // Errors: no_such_slot, no_permission, no_resources
    static Result<ReaderConnection> to(const SlotEntry& entry, bool wants_descriptors);
    ReaderConnection(ReaderConnection&&) = default;
    ReaderConnection& operator=(ReaderConnection&& other) noexcept;
    ~ReaderConnection() { hang_up(); }

    os::Handle fd() const { return fd_.get(); }
    void hang_up(std::vector<os::UniqueFd> fds = {});  // also closes these

private:
    os::GuardedFd fd_{};
    bool closes_at_once_ = false;
};

struct ReaderAnswer {
    ReaderConnection connection;
    wire::LocalMessage message;
    std::vector<os::UniqueFd> fds;  // only memory, and only if the connection wants descriptors

    // The destructor closes descriptors that the caller did not take, in the same safe way.
    ReaderAnswer(ReaderConnection to, wire::LocalMessage said, std::vector<os::UniqueFd> brought)
        : connection(std::move(to)), message(std::move(said)), fds(std::move(brought)) {}
    ReaderAnswer(ReaderAnswer&&) = default;
    ReaderAnswer& operator=(ReaderAnswer&&) = default;
    ~ReaderAnswer() {
        if (!fds.empty()) connection.hang_up(std::move(fds));
    }
};

// Asks a question and waits for the answer.
// Errors: no_such_slot, no_permission, timed_out, no_resources, interrupted; errors that the
// process returns
Result<ReaderAnswer> ask_reader(const SlotEntry& entry, wire::LocalMessage question,
                                os::Deadline answer_by, Interrupted interrupted = nullptr);

// Asks about a slot.
// Errors: as above
Result<SlotInfo> ask_for_info(const SlotEntry& entry, Interrupted interrupted = nullptr);
// Asks about many slots at once, in no more time than about a single slot. Answers are in the order
// of `entries`.
std::vector<Result<SlotInfo>> ask_all_for_info(std::span<const SlotEntry> entries,
                                               Interrupted interrupted = nullptr,
                                               std::chrono::milliseconds patience = kInfoPatience);
// Returns how many messages the slot has dropped, by origin, in the order of origins.
// Errors: as above
Result<inbox::DropBook::Drops> ask_for_drops(const SlotEntry& entry,
                                             Interrupted interrupted = nullptr,
                                             os::Deadline answer_by = {});

}  // namespace mailslot::local
