// A slot's numbers as JSON, for list and info: the members of SlotInfo by their own names.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "mailslot/json_line.h"
#include "mailslot/slot_info.h"

namespace mailslot::cli {

// Appends an object and a newline. No limit, no next message, no read timeout: null.
void append_slot_json(std::string& out, const SlotInfo& slot);
// Like append_slot_json, with `by_sender`: a list of objects, or null if the senders are unknown.
void append_slot_json(std::string& out, const SlotInfo& slot,
                      const Result<std::vector<SenderInfo>>& senders);
// Appends an object, without a newline.
void append_sender_json(std::string& out, const SenderInfo& sender);

// Add members to an object that may have others.
void add_slot(JsonObject& object, const SlotInfo& slot);
void add_sender(JsonObject& object, const SenderInfo& sender);

std::string_view word_of(WhenFull policy);
std::string_view word_of(Order order);

// Returns "network_gap 2, slot_full 1". Empty if nothing was lost.
std::string causes_text(const Losses& lost);
// Returns "0 lost" or "3 lost (network_gap 2, slot_full 1)" for the sum of all.
std::string losses_text(std::span<const Losses> lost);

}  // namespace mailslot::cli
