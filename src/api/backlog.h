// Frames of one writer that found no room in this machine's send buffers and wait for it. Bounded:
// a writer takes no message while there is a backlog, so it is one piece or one message at most.
#pragma once

#include <cstddef>
#include <span>
#include <vector>

#include "base/bytes.h"
#include "carrier/carrier.h"

namespace mailslot {

class Backlog {
public:
    bool is_empty() const { return frames_.size() == next_; }
    std::size_t frames() const { return frames_.size() - next_; }  // that have not left
    std::size_t messages() const;                                  // likewise

    // Sets where the frames that are added from now on go, and begins anew.
    void begin(const Destination& to) {
        clear();
        to_ = to;
        to_.keeps_rest = true;
    }
    // Copies a frame. `messages`: how many are whole once it has left.
    void add(Bytes frame, std::size_t messages);
    void clear() {
        frames_.clear();
        next_ = 0;
    }

    // Sends what there is room for. Errors: want of room, and the rest waits on; others, and it is
    // for the caller to clear().
    Result<void> send(Carrier& carrier);

private:
    struct Frame {
        std::vector<std::byte> bytes;
        std::size_t messages = 0;
    };
    Destination to_;
    std::vector<Frame> frames_;
    std::size_t next_ = 0;  // the first that has not left
};

// Whether the send buffers were full: the same send may succeed a little later.
bool is_want_of_room(const Error& error);

}  // namespace mailslot
