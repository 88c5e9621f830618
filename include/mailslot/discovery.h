// Finds the machines that have slots: docs/discovery.md. The result may be incomplete: machines may
// be set not to answer, and answers may get lost.
// Threads: any.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "mailslot/result.h"
#include "mailslot/types.h"

namespace mailslot {

struct Machine {
    std::string host{};                // the name that it gives itself
    std::string address{};             // "10.0.0.7"; empty: this machine
    std::vector<std::string> slots{};  // sorted by name, case-insensitive
    std::uint64_t total = 0;           // matching slots; above the size of `slots`: time ran out
};

struct Found {
    std::vector<Machine> machines;       // this machine first, then sorted by name
    std::optional<Error> network_error;  // why no other machine could be asked
};

struct FindOptions {
    Timeout timeout{500};               // how long to wait for answers
    std::size_t enough = 0;             // ends when this many machines were found; 0: waits for all
    Interrupted interrupted = nullptr;  // may call this library here
};

// Returns the machines that have a reader of this name. NAME: anywhere; \\PLACE\mailslot\NAME:
// there.
// Errors: bad_name, name_too_long, bad_config, no_permission, no_resources, interrupted.
MAILSLOT_API Result<Found> find_readers(std::string_view address, const FindOptions& options = {});

// Returns all slots of all machines.
// Errors: bad_config, no_permission, no_resources, interrupted.
MAILSLOT_API Result<Found> find_slots(const FindOptions& options = {});

}  // namespace mailslot
