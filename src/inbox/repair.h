// Repairs of what a dead or malicious writer left in a slot's memory: docs/inbox.md sections 6
// and 7.
#pragma once

#include "inbox/record_reader.h"

namespace mailslot::inbox {

// Returns whether somebody changed constants or the reader line, or wrote an impossible tail. Finds
// damage that reading does not show, and that would keep writers out for good.
bool is_damaged(const RecordReader& records);

// Frees the lock of a dead writer. Completes the tail if that writer had committed, and frees the
// block that it had taken but not linked.
void free_lock(const RecordReader& records);

}  // namespace mailslot::inbox
