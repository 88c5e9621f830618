// The descriptors by which a post office puts into a slot of another process, in this order:
// segment, liveness page, then the notes of a slot that others may write to, then the event where
// somebody polls the slot. docs/protocol/local-socket.md
#pragma once

#include <vector>

#include "inbox/inbox.h"
#include "inbox/inbox_writer.h"

namespace mailslot::inbox {

std::vector<os::Handle> descriptors_of(const WriterPass& pass, os::Handle liveness,
                                       bool with_event);

// Gives `writer` the descriptors behind the first two. The notes tell themselves from the event:
// they are memory. Errors: bad_segment, no_resources.
Result<void> take_extras(InboxWriter& writer, std::vector<os::UniqueFd>& fds, bool with_event);

}  // namespace mailslot::inbox
