// Makes records for the inbox out of messages on their way into a slot.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <span>
#include <vector>

#include "base/bytes.h"
#include "inbox/inbox_writer.h"
#include "inbox/meta.h"
#include "model/parcel.h"

namespace mailslot::post {

// Keeps its memory, for making that anew costs more than a put.
class ItemMaker {
public:
    // The first of the messages, at most so many; those of one parcel as one item, but for a first
    // one that tells of losses. They borrow this object and the parcels until the next call.
    // Messages of one sender that follow each other share their meta, in one place: so the inbox
    // sees that they belong together without looking into it.
    std::span<const inbox::Item> make(std::span<const Parcel> parcels, std::size_t at_most);

private:
    Bytes meta_for(const Envelope& sender, std::uint64_t lost_before);

    std::vector<inbox::Item> items_;
    std::deque<std::array<std::byte, inbox::kMaxMetaBytes>> metas_;  // items point into it
    std::size_t metas_used_ = 0;
    // The last one that was made; of nobody at first.
    Bytes meta_;
    const Envelope* meta_sender_ = nullptr;
    std::uint64_t meta_tells_ = 0;  // of how many losses
};

}  // namespace mailslot::post
