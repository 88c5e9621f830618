// What the system's error numbers mean. Other rooms keep such a number (Error::os_code) without
// knowing its value.
#pragma once

#include <cstdint>

namespace mailslot::os {

enum class Failure : std::uint8_t {
    none,
    other,
    busy,            // may succeed later
    no_memory,       // for the process, or for the network's buffers
    no_descriptors,  // of this process
    no_open_files,   // of the machine
    no_space,        // on the disk, or of the user's share
    file_too_big,    // the limit of a file's size
    is_folder,       // where a file should be
    missing,         // a file, or its folder
    read_only,       // a file system
    forbidden,       // by the system, a sandbox or a firewall
    no_such_call,    // the system lacks the call, or a sandbox hides the call
    no_family,       // the system lacks the address family
    no_address,      // no address to send from
};

Failure failure_of(int os_code);
// Returns a number with that meaning.
int code_of(Failure failure);
// Returns the number of the last call that failed in this thread (errno).
int last_code();

}  // namespace mailslot::os
