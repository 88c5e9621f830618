// The list of carriers.
#pragma once

#include <memory>
#include <string_view>
#include <vector>

#include "carrier/carrier.h"
#include "model/settings.h"

namespace mailslot {

// Makes the carriers that the settings switch on. The first is the main carrier: it answers
// queries, and its counters are the machine's.
std::vector<std::unique_ptr<Carrier>> make_carriers(const Settings& settings);

// Returns the names of all carriers, switched on or not, as CarrierTraits::name.
std::vector<std::string_view> names_of_carriers();

}  // namespace mailslot
