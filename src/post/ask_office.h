// Questions to the post office of a folder, which most often is in another process.
// Threads: any.
#pragma once

#include <string>
#include <vector>

#include "inbox/slot_folder.h"
#include "mailslot/mailslot.h"
#include "mailslot/result.h"
#include "wire/local_message.h"

namespace mailslot::post {

// Whom the slot with this folded name has heard: at most `most` of them, in the order first heard.
// Errors: unreachable, when nobody is the post office, or it does not know the slot;
// no_permission, timed_out, no_resources.
Result<std::vector<SenderInfo>> ask_for_senders(const inbox::SlotFolder& folder,
                                                const std::string& key, std::size_t most);

// What the post office has counted for the whole machine. Errors: the same.
Result<std::vector<wire::NamedCounter>> ask_for_counters(const inbox::SlotFolder& folder);

}  // namespace mailslot::post
