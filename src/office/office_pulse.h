// A page in which the office counts its turns, so that its deputies see the office work:
// docs/office.md, "An office that does not answer".
#pragma once

#include <atomic>
#include <cstdint>
#include <utility>

#include "mailslot/result.h"
#include "os/shared_memory.h"

namespace mailslot::office {

class OfficePulse {
public:
    static Result<OfficePulse> create();  // Errors: no_resources
    void beat();
    os::Handle fd() const { return memory_.fd.get(); }

private:
    explicit OfficePulse(os::SharedMemory memory) : memory_(std::move(memory)) {}
    os::SharedMemory memory_;
};

// Read-only view of the page, in another process.
class PulseView {
public:
    static Result<PulseView> attach(os::Handle fd);  // Errors: bad_segment, no_resources
    std::uint32_t beats() const;

private:
    explicit PulseView(os::Mapping mapping) : mapping_(std::move(mapping)) {}
    os::Mapping mapping_;
};

}  // namespace mailslot::office
