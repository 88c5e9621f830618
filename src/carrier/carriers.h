// The list of carriers. CONTRIBUTING.md, "How to add a carrier".
#pragma once

#include <memory>
#include <string_view>
#include <vector>

#include "carrier/carrier.h"
#include "carrier/carrier_writer.h"
#include "model/settings.h"

namespace mailslot {

// Makes the carriers that the settings switch on. The first is the main carrier: it answers
// queries, and its counters are the machine's.
std::vector<std::unique_ptr<Carrier>> make_carriers(const Settings& settings);

// Makes the writer of messages to other machines, which uses the same carriers. A place that only a
// certain carrier has is written to by that carrier alone.
std::unique_ptr<CarrierWriter> make_writer(const WriterNeeds& needs);

// Makes the writer of messages to slots of this machine in other users' folders. Returns null if no
// carrier reaches them.
std::unique_ptr<CarrierWriter> make_writer_to_this_machine(const WriterNeeds& needs);

// Returns whether a carrier that is switched on needs ports below 1024.
bool need_low_ports(const Settings& settings);

// Returns the names of all carriers, switched on or not, as CarrierTraits::name.
std::vector<std::string_view> names_of_carriers();

}  // namespace mailslot
