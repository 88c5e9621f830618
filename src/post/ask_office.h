// Questions to the post office of a folder, which most often is in another process.
// Threads: any.
#pragma once

#include <span>
#include <string>
#include <vector>

#include "inbox/slot_folder.h"
#include "mailslot/mailslot.h"
#include "mailslot/result.h"
#include "os/local_socket.h"
#include "wire/local_message.h"

namespace mailslot::post {

// Whom this slot has heard: at most `most` of them, in the order first heard. `slot`: what its
// reader has just said of it. Asks the offices of these folders in turn, until one knows the slot:
// a user's slot may be registered with the machine's; and the reader, if it has dropped some.
// Errors: unreachable, when nobody is the post office, or it does not know the slot; no_permission,
// when it is another user's; timed_out, no_resources, interrupted.
Result<std::vector<SenderInfo>> ask_for_senders(std::span<const inbox::SlotFolder> folders,
                                                const inbox::SlotEntry& entry, const SlotInfo& slot,
                                                std::size_t most, Interrupted interrupted = nullptr,
                                                os::Deadline answer_by = {});

// What the post office has counted for the whole machine. Errors: the same.
Result<std::vector<wire::NamedCounter>> ask_for_counters(const inbox::SlotFolder& folder,
                                                         os::Deadline answer_by = {});

}  // namespace mailslot::post
