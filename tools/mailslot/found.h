// What was found on the network, as `list --network` and `who` print it.
#pragma once

#include <string>

#include "mailslot/commands.h"
#include "mailslot/discovery.h"

namespace mailslot::cli {

int run_list_network(const ListOptions& options);

// A line for each slot: host, address (empty: this machine) and slot.
void append_found_json(std::string& out, const Found& found);
void append_found_table(std::string& out, const Found& found);

// Says what kept the search from being complete; the exit status for it.
int report_found(const Found& found);

}  // namespace mailslot::cli
