// Messages that travel together: of one writer to one slot, with numbers in a row.
#pragma once

#include <cstddef>
#include <cstdint>

#include "model/contents.h"
#include "model/envelope.h"

namespace mailslot {

// What one datagram carries. Borrows, as its envelope does.
struct Parcel {
    // What all of them share; `sequence` and `lost_before` are the first one's. What stands in
    // `contents` is looked for there.
    Envelope envelope{};
    Contents contents{};  // of Kind::message; empty: the envelope is all of it
    // How many datagrams or pieces this machine's kernel was known to have dropped at the carrier's
    // sockets when this one came to them. Never goes down within one carrier.
    std::uint64_t kernel_drops = 0;
    // By which way the datagram came: what has the same number came in the order in which it was
    // sent, but for what the network mixed up. 0: the sender's messages come by one way only.
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

    // Some must be left.
    void remove_front(std::size_t count) {
        for (std::size_t i = 0; i < count; ++i) contents.remove_front();
        envelope.sequence += count;
        envelope.lost_before = 0;
    }
};

}  // namespace mailslot
