// Messages that travel together: of one writer to one slot, with numbers in a row.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

#include "model/content.h"
#include "model/envelope.h"

namespace mailslot {

// What one datagram carries. Borrows, as its envelope does.
struct Parcel {
    // What all of them share; `sequence` and `lost_before` are the first one's. What stands in
    // `contents` is looked for there.
    Envelope envelope{};
    std::span<const Content> contents{};  // of Kind::message; empty: the envelope is all of it
    // How many datagrams or pieces this machine's kernel was known to have dropped at the carrier's
    // sockets when this one came to them. Never goes down within one carrier.
    std::uint64_t kernel_drops = 0;

    std::size_t size() const { return contents.empty() ? 1 : contents.size(); }

    Envelope at(std::size_t index) const {
        Envelope one = envelope;
        if (contents.empty()) return one;
        one.sequence += index;
        if (index > 0) one.lost_before = 0;
        one.payload = contents[index].payload;
        one.sent_at_us = contents[index].sent_at_us;
        one.format = contents[index].format;
        return one;
    }

    // Some must be left.
    void remove_front(std::size_t count) {
        contents = contents.subspan(count);
        envelope.sequence += count;
        envelope.lost_before = 0;
    }
};

}  // namespace mailslot
