// For tests, which deliver messages and look at them one by one, and ask for all senders at once.
#pragma once

#include <cstddef>
#include <string_view>
#include <utility>
#include <vector>

#include "post/post_office.h"

namespace mailslot::post {

// `put` takes a slot's name and std::vector<Envelope>.
template <class Put>
PostOffice::PutIntoSlot one_by_one(Put put) {
    return [put = std::move(put)](std::string_view slot_key, std::span<const Parcel> parcels) {
        std::vector<Envelope> messages;
        for (const Parcel& parcel : parcels) {
            parcel.for_each([&](const Envelope& message) { messages.push_back(message); });
        }
        return put(slot_key, messages);
    };
}

// Delivers each envelope as a parcel by itself, all in one batch.
inline void deliver_each(PostOffice& office, std::span<const Envelope> arrived) {
    std::vector<Parcel> parcels;
    for (const Envelope& envelope : arrived) parcels.push_back({envelope});
    office.deliver(parcels);
}

inline std::vector<SenderCounters> all_senders(const PostOffice& office,
                                               std::string_view slot_key) {
    return office.senders(slot_key, 0, kMaxSenders).senders;
}

}  // namespace mailslot::post
