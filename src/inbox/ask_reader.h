// Questions to reading processes about their slots. They may be other users', stopped, or mean ill:
// each conversation ends in time, and hands us nothing whose closing takes long.
#pragma once

#include <chrono>
#include <cstdint>
#include <span>
#include <vector>

#include "inbox/drop_book.h"
#include "inbox/slot_folder.h"
#include "mailslot/mailslot.h"
#include "os/fork_guard.h"
#include "os/futex.h"
#include "wire/local_message.h"

namespace mailslot::inbox {

// For all that is asked at once. A station does nothing that lasts.
inline constexpr std::chrono::milliseconds kInfoPatience{1000};

// A connection to a reading process. Threads: one at a time.
class ReaderConnection {
public:
    ReaderConnection() = default;
    // `wants_descriptors`: else nobody can send any there, where the system can do that. Errors:
    // no_such_slot, no_permission, no_resources.
    static Result<ReaderConnection> to(const SlotEntry& entry, bool wants_descriptors);
    ReaderConnection(ReaderConnection&&) = default;
    ReaderConnection& operator=(ReaderConnection&& other) noexcept;
    ~ReaderConnection() { hang_up(); }

    int fd() const { return fd_.get(); }
    void hang_up(std::vector<os::UniqueFd> fds = {});  // and puts these away

private:
    os::GuardedFd fd_{};
    bool closes_at_once_ = false;
};

struct ReaderAnswer {
    ReaderConnection connection;
    wire::LocalMessage message;
    std::vector<os::UniqueFd> fds;  // memory alone, and with a connection that wants descriptors

    // Descriptors that came along and are not kept go as they came.
    ReaderAnswer(ReaderConnection to, wire::LocalMessage said, std::vector<os::UniqueFd> brought)
        : connection(std::move(to)), message(std::move(said)), fds(std::move(brought)) {}
    ReaderAnswer(ReaderAnswer&&) = default;
    ReaderAnswer& operator=(ReaderAnswer&&) = default;
    ~ReaderAnswer() {
        if (!fds.empty()) connection.hang_up(std::move(fds));
    }
};

// Errors: no_such_slot, no_permission, timed_out, no_resources, interrupted; those that the process
// says.
Result<ReaderAnswer> ask_reader(const SlotEntry& entry, wire::LocalMessage question,
                                os::Deadline answer_by, Interrupted interrupted = nullptr);

// Asks about a slot. Errors: as above.
Result<SlotInfo> ask_for_info(const SlotEntry& entry, Interrupted interrupted = nullptr);
// The same about many, all at once and no longer than about one; beside `entries`.
std::vector<Result<SlotInfo>> ask_all_for_info(std::span<const SlotEntry> entries,
                                               Interrupted interrupted = nullptr,
                                               std::chrono::milliseconds patience = kInfoPatience);
// Of which origins it has dropped how many, in their order. Errors: the same.
Result<DropBook::Drops> ask_for_drops(const SlotEntry& entry, Interrupted interrupted = nullptr,
                                      os::Deadline answer_by = {});

}  // namespace mailslot::inbox
