#include "carrier/testing/collect.h"

#include <poll.h>

#include <chrono>

namespace mailslot {
namespace {

constexpr std::chrono::seconds kPatience{10};

bool wait_for_more(Carrier& carrier) {
    if (carrier.poll_fd() == os::kNoHandle) return false;
    pollfd entry{os::to_number(carrier.poll_fd()), POLLIN, 0};
    return poll(&entry, 1, static_cast<int>(std::chrono::milliseconds(kPatience).count())) > 0;
}

}  // namespace

bool collect_until(Carrier& carrier, Received& received,
                   const std::function<bool(const Received&)>& enough,
                   const Carrier::Deliver& also) {
    const auto keep = [&](std::span<const Parcel> parcels) {
        for (const Parcel& parcel : parcels) {
            if (parcel.envelope.kind == Kind::copy) continue;
            parcel.for_each([&](const Envelope& message) { received.emplace_back(message); });
        }
        if (also) also(parcels);
    };
    for (;;) {
        const std::size_t before = received.size();
        while (carrier.receive(keep)) {
        }
        if (enough(received)) return true;
        if (received.size() == before && !wait_for_more(carrier)) return false;
    }
}

bool collect(Carrier& carrier, Received& received, std::size_t count) {
    return collect_until(carrier, received,
                         [count](const Received& all) { return all.size() >= count; });
}

Assembled assemble(const Received& received, std::uint64_t sequence) {
    Assembled out;
    std::string covered;  // a mark per byte
    bool whole = false;
    for (const OwnedEnvelope& owned : received) {
        const Envelope part = owned.view();
        if (part.sequence != sequence) continue;
        if (whole) out.fault = "something came after the whole message";
        if (part.kind == Kind::message) {
            whole = true;
            out.payload = owned.payload();
            if (!covered.empty()) out.fault = "whole, after parts of it";
        } else if (part.kind == Kind::fragment) {
            covered.resize(part.total_bytes);
            out.payload.resize(part.total_bytes);
            for (std::size_t i = 0; i < part.payload.size(); ++i) {
                const std::size_t at = part.offset + i;
                if (at >= covered.size()) return {{}, "a part past the end"};
                if (covered[at]++ != 0) out.fault = "a byte came twice";
                out.payload[at] = owned.payload()[i];
            }
        }
    }
    if (!whole && covered.empty()) out.fault = "nothing came";
    if (covered.find('\0') != std::string::npos) out.fault = "a part is missing";
    return out;
}

}  // namespace mailslot
