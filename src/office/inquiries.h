// Answers to questions about the office's books: docs/protocol/local-socket.md.
// Threads: the station's only.
#pragma once

#include <cstdint>
#include <vector>

#include "base/clock.h"
#include "office/network.h"
#include "office/registry.h"
#include "post/answerer.h"
#include "post/post_office.h"
#include "wire/local_message.h"

namespace mailslot::office {

class Inquiries {
public:
    Inquiries(const post::PostOffice& rules, const Registry& registry, const Network& network,
              const post::Answerer& answerer, const Clock& clock)
        : rules_(rules),
          registry_(registry),
          network_(network),
          answerer_(answerer),
          clock_(clock) {}

    // Returns a page of a slot's senders, or a refusal. `asker` is a user.
    wire::LocalMessage senders(const wire::LocalMessage& question, std::uint32_t asker) const;
    // Returns the counters of the whole machine by name: docs/office.md, "Counters".
    wire::LocalMessage counters() const;

private:
    std::vector<wire::NamedCounter> machine_counters() const;

    const post::PostOffice& rules_;
    const Registry& registry_;
    const Network& network_;
    const post::Answerer& answerer_;
    const Clock& clock_;
};

}  // namespace mailslot::office
