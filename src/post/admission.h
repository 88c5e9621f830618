// Decides which parcels a post office lets in: docs/post-office.md, "The way of an envelope". Pure.
// Threads: one at a time.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "model/envelope.h"
#include "model/host_names.h"
#include "model/limits.h"
#include "model/parcel.h"
#include "post/machine_ids.h"

namespace mailslot::post {

// Number, names and keys of this machine.
struct Identity {
    std::uint64_t machine_id = 0;          // random number to begin with; ids() has the present
    std::string host_key;                  // own name, folded
    std::vector<std::string> domain_keys;  // folded
    HostNames names{};                     // further ways to write the own name
    // Returns true if a domain's key is here. Unsealed messages for that domain are then refused,
    // whichever carrier brought them.
    std::function<bool(std::string_view domain)> is_keyed = [](std::string_view) { return false; };
    MachineIds::IsOurAddress is_our_address{};  // if empty, all addresses are

    bool has(std::string_view name) const;          // the machine's name, or a domain of ours
    bool has_one_of(std::string_view names) const;  // for the `to` of a direct frame
};

// Longer than any carrier's format allows. Bounds the memory that a sender takes.
inline constexpr std::size_t kMaxHostBytes = 255;
inline constexpr std::size_t kMaxSlotNameBytes = kMaxAddressUnits * 3;  // UTF-8 of a UTF-16 unit

class Admission {
public:
    enum class Verdict : std::uint8_t {
        admitted,
        query,    // a query for this machine
        ignored,  // a query or answer for others, or a report, which is for a writer
        own,      // in the slot already
        not_for_us,
        bad,
        bad_fragment,
    };

    explicit Admission(Identity identity)
        : identity_(std::move(identity)), ids_(identity_.machine_id, identity_.is_our_address) {}

    Verdict look_at(const Parcel& parcel, Clock::Instant now);
    // Returns whether a message comes from elsewhere, and is for this machine. Counts nothing.
    bool is_meant(const Envelope& envelope, Clock::Instant now);
    // Returns true if the message lacks the seal that its domain demands.
    bool lacks_seal(const Envelope& envelope) const;

    // Numbers that mark this machine's own datagrams.
    MachineIds& ids() { return ids_; }
    const MachineIds& ids() const { return ids_; }

private:
    bool is_for_us(const Envelope& envelope) const;

    const Identity identity_;
    MachineIds ids_;
};

}  // namespace mailslot::post
