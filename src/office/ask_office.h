// Questions to the post office of a folder, most often in another process.
// Threads: any.
#pragma once

#include <span>
#include <string>
#include <vector>

#include "local/slot_folder.h"
#include "mailslot/result.h"
#include "mailslot/slot_info.h"
#include "os/local_socket.h"
#include "wire/local_message.h"

namespace mailslot::office {

// Returns the senders that the slot has heard, at most `most`, in the order first heard. `slot` is
// what the slot's reader has just reported. Asks the offices of the folders in turn until an office
// knows the slot, because a user's slot may be registered with the machine's office. If the slot
// dropped messages to make room, asks its reader, too.
// Errors: unreachable if nobody is the post office or no office knows the slot; no_permission if
// the slot is another user's; timed_out, no_resources, interrupted.
Result<std::vector<SenderInfo>> ask_for_senders(std::span<const local::SlotFolder> folders,
                                                const local::SlotEntry& entry, const SlotInfo& slot,
                                                std::size_t most, Interrupted interrupted = nullptr,
                                                os::Deadline answer_by = {});

// Returns the post office's counters for the whole machine.
// Errors: as ask_for_senders.
Result<std::vector<wire::NamedCounter>> ask_for_counters(const local::SlotFolder& folder,
                                                         os::Deadline answer_by = {});

}  // namespace mailslot::office
