// A writer that gets its memory like any other and then does with it as it likes.
#pragma once

#include <cstddef>
#include <cstdint>
#include <random>
#include <span>

#include "inbox/segment.h"
#include "os/local_socket.h"
#include "support/machine.h"

namespace mailslot::testing_process {

class Intruder {
public:
    // Attaches to the slot, whose name is already folded.
    static Result<Intruder> attach(const Machine& machine, const std::string& key);

    inbox::Header& header() const { return segment_.header(); }
    inbox::Books& books() const { return header().books[header().selector & 1]; }  // the valid copy
    std::uint32_t number() const { return number_; }
    bool has_event() const { return has_event_; }  // got the descriptor that tells who polls
    bool is_given_up() const { return header().closed.load() != 0; }

    // Whether there is anything to be made room for or not.
    void ask_for_room(std::uint32_t bytes) const;

    // Random words over header, block states and the first blocks.
    void scribble_everywhere(std::mt19937_64& random) const;
    // A few words of that, where they hurt.
    void scribble_somewhere(std::mt19937_64& random) const;

private:
    Intruder(os::GuardedFd connection, inbox::Segment segment, std::uint32_t number, bool has_event)
        : connection_(std::move(connection)),
          segment_(std::move(segment)),
          number_(number),
          has_event_(has_event) {}
    std::span<std::atomic<std::uint64_t>> words() const;

    os::GuardedFd connection_;
    inbox::Segment segment_;
    std::uint32_t number_;
    bool has_event_;
};

}  // namespace mailslot::testing_process
