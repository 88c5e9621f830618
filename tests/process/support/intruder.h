// A writer that gets a slot's memory in the usual way, and then changes it at will.
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
    // Attaches to the slot with an already folded name.
    static Result<Intruder> attach(const Machine& machine, const std::string& key);

    inbox::Header& header() const { return segment_.header(); }
    inbox::Tail& tail() const { return header().tails[header().selector & 1]; }  // the valid copy
    std::uint32_t number() const { return number_; }
    // Whether it got the descriptor that wakes a polling reader.
    bool has_event() const { return has_event_; }
    bool is_given_up() const { return header().closed.load() != 0; }

    // Asks even if there is no need for room.
    void ask_for_room(std::uint32_t bytes) const;

    // Writes random words over header, block states and the first blocks.
    void scribble_everywhere(std::mt19937_64& random) const;
    // Writes a few such words where they hurt.
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
