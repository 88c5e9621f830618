// Collects the parcels of a carrier, and waits for more if the carrier has a descriptor.
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "carrier/carrier.h"
#include "carrier/testing/owned_envelope.h"

namespace mailslot {

using Received = std::vector<OwnedEnvelope>;

// Receives until `enough` returns true. Returns false after ten seconds without a datagram, or, if
// the carrier has no descriptor, as soon as nothing is there. Passes each batch to `also` as well.
bool collect_until(Carrier& carrier, Received& received,
                   const std::function<bool(const Received&)>& enough,
                   const Carrier::Deliver& also = {});
bool collect(Carrier& carrier, Received& received, std::size_t count);

// Joins the envelopes of a message by sequence number. Every byte must have come exactly once, and
// parts must not overlap.
struct Assembled {
    std::string payload{};
    std::string fault{};  // error in the parts; empty: none
};
Assembled assemble(const Received& received, std::uint64_t sequence);

}  // namespace mailslot
