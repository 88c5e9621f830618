// The senders that lost messages, for the last lines of a listener.
#pragma once

#include <string>
#include <utility>
#include <vector>

#include "mailslot/mailslot.h"

namespace mailslot::cli {

inline constexpr std::size_t kSendersReported = 10;

// A line for each that lost some, those that lost most first, and one that says how many more there
// are. `senders`: with the name of their slot, which is printed where `several_slots`.
std::vector<std::string> sender_lines(std::vector<std::pair<std::string, SenderInfo>> senders,
                                      bool several_slots);

}  // namespace mailslot::cli
