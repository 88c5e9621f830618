// Which machines have which slots, as far as they answer: docs/discovery.md. Nobody has to answer,
// and an answer may get lost: who is found was there, who is not found may be.
// Threads: any.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "mailslot/mailslot.h"

namespace mailslot {

struct Machine {
    std::string host{};                // its own name
    std::string address{};             // "10.0.0.7"; empty: this machine
    std::vector<std::string> slots{};  // as their readers wrote them; by name, case-insensitive
    std::uint64_t total = 0;           // slots that match; more than `slots`: time ran out
};

struct Found {
    std::vector<Machine> machines;       // this one first, then by name
    std::optional<Error> network_error;  // why nobody but this machine could be asked
};

struct FindOptions {
    Timeout timeout{500};    // how long to wait for answers
    std::size_t enough = 0;  // ends as soon as so many machines were found; 0: waits for all
    Interrupted interrupted = nullptr;  // here it may do anything: a search holds nothing
};

// Machines that have a reader of this name. NAME: anywhere; \\PLACE\mailslot\NAME: there.
// Errors: bad_name, name_too_long, bad_config, no_permission, no_resources, interrupted.
MAILSLOT_API Result<Found> find_readers(std::string_view address, const FindOptions& options = {});

// All slots of all machines. Errors: bad_config, no_permission, no_resources, interrupted.
MAILSLOT_API Result<Found> find_slots(const FindOptions& options = {});

}  // namespace mailslot
