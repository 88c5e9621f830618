// Answers short requests over stream sockets, one connection at a time: for programs that ask now
// and then, such as a collector of metrics.
#pragma once

#include <functional>
#include <string>
#include <string_view>

#include "mailslot/result.h"
#include "model/stream_address.h"
#include "os/fork_guard.h"

namespace mailslot::os {

// A socket file whose server is dead is replaced. The file is for its user and group.
// Errors: port_taken (address or file in use by another process), no_permission, no_resources,
// unreachable (no such address here).
Result<GuardedFd> listen_stream(const StreamAddress& address);
void remove_stream(const StreamAddress& address);  // the file, if it is one

// Reads a request up to an empty line, at most 8 KiB of it, and sends what `answer` makes of it;
// until `stop_fd` is readable. Who is slow is hung up on after two seconds.
void serve_stream(int listener, int stop_fd,
                  const std::function<std::string(std::string_view request)>& answer);

}  // namespace mailslot::os
