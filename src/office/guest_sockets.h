// Sockets at which guests' reading processes are asked. The office makes them, so that nobody else
// has to write to the machine's folder, and removes them when their process is gone.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <string_view>

#include "base/random.h"
#include "local/slot_folder.h"
#include "mailslot/result.h"
#include "os/fork_guard.h"

namespace mailslot::office {

// Threads: the office's.
class GuestSockets {
public:
    GuestSockets(const local::SlotFolder& folder, Random& random)
        : folder_(folder), random_(random) {}

    struct Made {
        os::GuardedFd listener;
        std::string file;  // name in readers/
    };
    // Makes a socket for a connection of `user`. Removes the connection's previous socket and
    // `earlier`, a file that an earlier office gave to that user.
    // Errors: no_permission, no_resources.
    Result<Made> make(os::Handle connection, std::uint32_t user, std::string_view earlier);
    // Returns true if `file` was made for that connection.
    bool is_of(os::Handle connection, std::string_view file) const;
    void remove_of(os::Handle connection);

private:
    const local::SlotFolder& folder_;
    Random& random_;
    std::map<os::Handle, std::string> files_{};
};

}  // namespace mailslot::office
