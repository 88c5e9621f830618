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

namespace mailslot::office {

// Keeps its memory between calls, because allocating costs more than a put.
class ItemMaker {
public:
    // Returns items for the first messages, at most `at_most`. The messages of a parcel share an
    // item, except a first message that reports losses. Items borrow this object and the parcels
    // until the next call. Consecutive messages of a sender share their meta in memory, so the
    // inbox sees that they belong together without reading the meta.
    std::span<const inbox::Item> make(std::span<const Parcel> parcels, std::size_t at_most);

private:
    Bytes meta_for(const Envelope& sender, std::uint64_t lost_before);

    std::vector<inbox::Item> items_;
    std::deque<std::array<std::byte, inbox::kMaxMetaBytes>> metas_;  // items point into it
    std::size_t metas_used_ = 0;
    // The last meta made; empty at first.
    Bytes meta_;
    const Envelope* meta_sender_ = nullptr;
    std::uint64_t meta_tells_ = 0;  // losses that meta_ reports
};

}  // namespace mailslot::office
