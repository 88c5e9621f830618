// Frames of a writer that wait for room in this machine's send buffers. Bounded: a writer takes
// no message while there is a backlog, so the backlog is at most a piece or a message.
#pragma once

#include <cstddef>
#include <span>
#include <vector>

#include "base/bytes.h"
#include "carrier/udp/frame_sender.h"

namespace mailslot {

class Backlog {
public:
    bool is_empty() const { return frames_.size() == next_; }
    std::size_t frames() const { return frames_.size() - next_; }  // not sent yet
    std::size_t messages() const;                                  // not sent yet

    // Empties the backlog, and sets the destination of the frames to be added.
    void begin(const Destination& to) {
        clear();
        to_ = to;
        to_.keeps_rest = true;
    }
    // Adds a copy of a frame. `messages`: how many messages are complete once this frame has left.
    void add(Bytes frame, std::size_t messages);
    void clear() {
        frames_.clear();
        next_ = 0;
    }

    // Sends as many frames as there is room for. Errors: want of room (the rest goes on waiting),
    // and others, after which the caller calls clear().
    Result<void> send(FrameSender& sender, WaitForTurn wait);

private:
    struct Frame {
        std::vector<std::byte> bytes;
        std::size_t messages = 0;
    };
    Destination to_;
    std::vector<Frame> frames_;
    std::size_t next_ = 0;  // first frame not sent yet
};

// Returns whether the send buffers were full. The same send may succeed a little later.
bool is_want_of_room(const Error& error);

}  // namespace mailslot
