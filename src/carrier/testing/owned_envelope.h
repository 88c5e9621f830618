// An envelope that owns copies of the bytes that a plain envelope borrows.
#pragma once

#include <string>

#include "model/envelope.h"

namespace mailslot {

class OwnedEnvelope {
public:
    OwnedEnvelope() = default;
    explicit OwnedEnvelope(const Envelope& borrowed)
        : fields_(borrowed),
          to_(borrowed.to),
          slot_(borrowed.slot),
          from_host_(borrowed.from_host),
          payload_(as_text(borrowed.payload)) {}

    Envelope view() const {  // borrows from this object
        Envelope out = fields_;
        out.to = to_;
        out.slot = slot_;
        out.from_host = from_host_;
        out.payload = as_bytes(payload_);
        return out;
    }
    const std::string& payload() const { return payload_; }

private:
    Envelope fields_{};  // views are stale: view() replaces them
    std::string to_{}, slot_{}, from_host_{}, payload_{};
};

}  // namespace mailslot
