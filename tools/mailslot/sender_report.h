// Lists the senders that lost messages, for the last lines of a listener.
#pragma once

#include <string>
#include <utility>
#include <vector>

#include "mailslot/slot_info.h"

namespace mailslot::cli {

inline constexpr std::size_t kSendersReported = 10;

// Returns a line for each sender with losses, the largest losses first, and a line with the number
// of further senders. `senders` has the name of each sender's slot, which is printed
// if `several_slots`.
std::vector<std::string> sender_lines(std::vector<std::pair<std::string, SenderInfo>> senders,
                                      bool several_slots);

}  // namespace mailslot::cli
