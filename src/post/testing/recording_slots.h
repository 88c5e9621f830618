// Slots that record the messages they get, and refuse numbers as a test wants.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "post/post_office.h"
#include "post/testing/one_by_one.h"

namespace mailslot::post {

class RecordingSlots {
public:
    struct Got {
        std::string slot, text, from_host;
        std::uint64_t origin = 0, sequence = 0, lost_before = 0;
        bool operator==(const Got&) const = default;
    };

    operator Slots&() { return slots; }

    // Returns the error for a sequence number, or nullopt to take the message.
    std::function<std::optional<Errc>(std::uint64_t sequence)> refuse = [](auto) {
        return std::nullopt;
    };

    std::vector<Got> got;
    std::vector<std::size_t> put_sizes;  // messages in each call
    TestSlots slots{one_by_one([this](std::string_view slot, std::span<const Envelope> messages) {
        return put(slot, messages);
    })};

private:
    Result<std::size_t> put(std::string_view slot, std::span<const Envelope> messages) {
        put_sizes.push_back(messages.size());
        std::size_t taken = 0;
        for (const Envelope& message : messages) {
            if (const auto why = refuse(message.sequence)) {
                if (taken == 0) return Error{*why, "put"};
                break;
            }
            got.push_back({std::string(slot), std::string(as_text(message.payload)),
                           std::string(message.from_host), message.origin, message.sequence,
                           message.lost_before});
            ++taken;
        }
        return taken;
    }
};

}  // namespace mailslot::post
