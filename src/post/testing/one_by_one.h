// For slots of tests, which look at messages one by one.
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

}  // namespace mailslot::post
