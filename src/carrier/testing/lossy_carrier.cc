#include "carrier/testing/lossy_carrier.h"

#include <algorithm>
#include <cinttypes>
#include <cstdio>
#include <utility>

namespace mailslot {

LossyCarrier::LossyCarrier(std::unique_ptr<Carrier> inner, const Faults& faults, std::uint64_t seed,
                           const Clock& clock)
    : inner_(std::move(inner)), faults_(faults), random_(seed), clock_(clock) {
    std::fprintf(stderr, "LossyCarrier: seed %" PRIu64 "\n", seed);
}

bool LossyCarrier::happens(double chance) {
    // 53 bits: the precision of a double.
    return static_cast<double>(random_.u64() >> 11) < chance * 9007199254740992.0;
}

bool LossyCarrier::receive(const Deliver& deliver) {
    std::vector<OwnedEnvelope> batch;
    release_due(batch);
    const bool more = inner_->receive([&](std::span<const Parcel> parcels) {
        for (const Parcel& parcel : parcels) {
            parcel.for_each([&](const Envelope& message) { take(message, batch); });
        }
    });
    reorder(batch);
    std::vector<Parcel> views;
    for (const OwnedEnvelope& envelope : batch) views.push_back({envelope.view()});
    if (!views.empty()) deliver(views);
    return more;
}

void LossyCarrier::take(const Envelope& envelope, std::vector<OwnedEnvelope>& out) {
    if (happens(faults_.lose)) {
        ++damage_.lost;
        return;
    }
    if (happens(faults_.cut)) {
        ++damage_.cut;
        return;
    }
    const int copies = happens(faults_.repeat) ? 2 : 1;
    if (copies == 2) ++damage_.repeated;
    for (int i = 0; i < copies; ++i) {
        if (happens(faults_.delay)) {
            ++damage_.delayed;
            const auto most = static_cast<std::uint64_t>(faults_.max_delay.count());
            const std::chrono::milliseconds by(1 +
                                               random_.u64() % std::max<std::uint64_t>(most, 1));
            delayed_.push_back({clock_.now() + by, OwnedEnvelope(envelope)});
        } else {
            out.emplace_back(envelope);
        }
    }
}

void LossyCarrier::release_due(std::vector<OwnedEnvelope>& out) {
    std::ranges::stable_sort(delayed_, {}, &Delayed::due);
    const auto later = std::ranges::upper_bound(delayed_, clock_.now(), {}, &Delayed::due);
    for (auto it = delayed_.begin(); it != later; ++it) out.push_back(std::move(it->envelope));
    delayed_.erase(delayed_.begin(), later);
}

void LossyCarrier::reorder(std::vector<OwnedEnvelope>& batch) {
    for (std::size_t i = 0; i + 1 < batch.size(); ++i) {
        if (!happens(faults_.reorder)) continue;
        std::swap(batch[i], batch[i + 1]);
        ++damage_.reordered;
    }
}

CarrierCounters LossyCarrier::counters() const {
    CarrierCounters counters = inner_->counters();
    counters.rx_bad_packet += damage_.cut;
    return counters;
}

void LossyCarrier::stop() {
    inner_->stop();
    delayed_.clear();
}

}  // namespace mailslot
