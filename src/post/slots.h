// The slots of this machine, as the rules of the post office see them. Filled by the office at work
// (office/delivery.h), and by tests.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>

#include "mailslot/result.h"
#include "model/envelope.h"
#include "model/parcel.h"

namespace mailslot::post {

// No function calls the post office, or blocks for long. `slot_key` is a folded name.
class Slots {
public:
    virtual ~Slots() = default;

    // Puts messages into a slot. Returns how many the slot took, in order; the number may end
    // within a parcel. An error says why the slot did not take the next message: no_such_slot,
    // slot_full, message_too_big, or another.
    virtual Result<std::size_t> put(std::string_view slot_key,
                                    std::span<const Parcel> messages) = 0;

    // Writes down, for an office that takes over after this office died, that all numbers of a
    // sender below `next` are dealt with: put into the slot, or counted as lost.
    virtual void note_sender(std::string_view slot_key, std::uint64_t origin,
                             std::uint64_t next) = 0;

    // Returns the number of a slot's memory, by which a successor knows the slot again.
    virtual std::uint64_t memory_of(std::string_view slot_key) const = 0;

    // Answers another machine's query for the slots here.
    virtual void answer(const Envelope& query) = 0;
};

}  // namespace mailslot::post
