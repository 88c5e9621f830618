// Messages that travel together: of the same writer to the same slot, with consecutive numbers.
#pragma once

#include <cstddef>
#include <cstdint>

#include "model/contents.h"
#include "model/envelope.h"

namespace mailslot {

// The contents of a datagram. Borrows, as its envelope does.
struct Parcel {
    // Common to all messages; `sequence` and `lost_before` are the first message's. Fields that
    // `contents` has are taken from there.
    Envelope envelope{};
    Contents contents{};  // of Kind::message; if empty, the envelope is all
    // Datagrams or pieces that this machine's kernel was known to have dropped at the carrier's
    // sockets when this datagram came. Never decreases within a carrier.
    std::uint64_t kernel_drops = 0;
    // The way by which the datagram came. Datagrams with the same number came in the order in which
    // they were sent, unless the network reordered them. 0: all of the sender's messages come by
    // one way.
    std::uint32_t way = 0;

    std::size_t size() const { return contents.empty() ? 1 : contents.size(); }

    Envelope front() const {
        Envelope one = envelope;
        if (contents.empty()) return one;
        const Content content = contents.front();
        one.payload = content.payload;
        one.sent_at_us = content.sent_at_us;
        one.format = content.format;
        return one;
    }

    // Calls `use` with each message by itself.
    template <class Use>
    void for_each(const Use& use) const {
        use(front());
        for (Parcel rest = *this; rest.size() > 1;) {
            rest.remove_front(1);
            use(rest.front());
        }
    }

    // At least one message must be left.
    void remove_front(std::size_t count) {
        for (std::size_t i = 0; i < count; ++i) contents.remove_front();
        envelope.sequence += count;
        envelope.lost_before = 0;
    }
};

}  // namespace mailslot
