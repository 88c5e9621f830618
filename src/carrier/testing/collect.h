// Gathers what a carrier hands over, waiting for it where the carrier can be waited for.
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "carrier/carrier.h"
#include "carrier/testing/owned_envelope.h"

namespace mailslot {

using Received = std::vector<OwnedEnvelope>;

// Receives until `enough` says so; gives up after ten seconds with nothing more to come, or, on a
// carrier without a descriptor to wait on, when nothing is there. False: it gave up. `also` is
// called with each batch.
bool collect_until(Carrier& carrier, Received& received,
                   const std::function<bool(const Received&)>& enough,
                   const Carrier::Deliver& also = {});
bool collect(Carrier& carrier, Received& received, std::size_t count);

// The payload of one message put together from the envelopes of that sequence number; it must have
// come exactly once, every byte of it, with no part overlapping another.
struct Assembled {
    std::string payload{};
    std::string fault{};  // what is wrong with the parts; empty: nothing
};
Assembled assemble(const Received& received, std::uint64_t sequence);

}  // namespace mailslot
