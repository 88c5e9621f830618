// Prints slots found on the network, for `list --network` and `who`.
#pragma once

#include <string>

#include "mailslot/discovery.h"

namespace mailslot::cli {

// A line for each slot: host, address (empty: this machine) and slot.
void append_found_json(std::string& out, const Found& found);
void append_found_table(std::string& out, const Found& found);

// Reports why the search was incomplete, if it was. Returns the exit status.
int report_found(const Found& found);

}  // namespace mailslot::cli
