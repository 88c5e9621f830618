// Passes messages that came by one carrier on to the other, if the settings say so:
// docs/windows.md, "As a gateway". A message that was passed on is marked, and no gateway passes it
// on again.
// Threads: the station's.
#pragma once

#include <span>
#include <string>

#include "carrier/carrier.h"
#include "model/parcel.h"
#include "model/settings.h"

namespace mailslot::office {

class Gateway {
public:
    // `machine_id`: MachineId::number, by which this machine knows its own copies.
    Gateway(const Settings& settings, std::uint64_t machine_id, Carrier& ours, Carrier& classic)
        : settings_(settings.classic), machine_id_(machine_id), ours_(ours), classic_(classic) {}

    // Passes on parcels that `carrier` brought, after the post office has dealt with them.
    void pass_on(const Carrier& carrier, std::span<const Parcel> arrived);
    void set_machine_id(std::uint64_t machine_id) { machine_id_ = machine_id; }

private:
    void pass_in(const Envelope& message);
    void pass_out(const Envelope& message);

    const ClassicSettings settings_;
    std::uint64_t machine_id_;
    Carrier& ours_;
    Carrier& classic_;
    std::string text_;  // payload of the current message
};

}  // namespace mailslot::office
