// For tests, which deliver messages and look at them one by one, and ask for all senders at once.
#pragma once

#include <cstddef>
#include <functional>
#include <string_view>
#include <utility>
#include <vector>

#include "post/post_office.h"

namespace mailslot::post {

// Slots whose messages go to a function, and whose notes and queries are left alone if no function
// is given for them.
class TestSlots final : public Slots {
public:
    using Put = std::function<Result<std::size_t>(std::string_view, std::span<const Parcel>)>;
    explicit TestSlots(Put put_parcels) : put_parcels_(std::move(put_parcels)) {}

    std::function<void(std::string_view, std::uint64_t, std::uint64_t)> note =
        [](std::string_view, std::uint64_t, std::uint64_t) {};
    std::function<void(const Envelope&)> hear_query = [](const Envelope&) {};
    std::uint64_t memory = 1;  // number of every slot's memory

    Result<std::size_t> put(std::string_view key, std::span<const Parcel> parcels) override {
        return put_parcels_(key, parcels);
    }
    void note_sender(std::string_view key, std::uint64_t origin, std::uint64_t next) override {
        note(key, origin, next);
    }
    std::uint64_t memory_of(std::string_view) const override { return memory; }
    void answer(const Envelope& query) override { hear_query(query); }

private:
    Put put_parcels_;
};

// `put` takes a slot's name and std::vector<Envelope>.
template <class Put>
TestSlots::Put one_by_one(Put put) {
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
