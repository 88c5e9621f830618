// One received message as the commands print it: borrows from the Message.
#pragma once

#include <chrono>
#include <cstdint>
#include <string_view>
#include <vector>

#include "mailslot/mailslot.h"

namespace mailslot::cli {

struct Row {
    std::string_view slot{}, from_host{}, from_address{}, data{};
    std::uint64_t origin = 0, sequence = 0, lost_before = 0;
    std::chrono::system_clock::time_point sent_at{};
    Format format = Format::text;
    Trust trust = Trust::none;
    std::vector<Label> labels{};
};

inline Row row_of(const Message& message) {
    return {.slot = message.slot(),
            .from_host = message.from_host(),
            .from_address = message.from_address(),
            .data = message.text(),
            .origin = message.origin(),
            .sequence = message.sequence(),
            .lost_before = message.lost_before(),
            .sent_at = message.sent_at(),
            .format = message.format(),
            .trust = message.trust(),
            .labels = message.labels()};
}

}  // namespace mailslot::cli
