// This process.
#pragma once

#include <cstdint>
#include <string>

namespace mailslot::os {

std::int32_t own_process();  // its number

// Returns the name of this machine, as the system has it; empty if it has none.
std::string host_name();

}  // namespace mailslot::os
