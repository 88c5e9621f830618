// The carrier of the classic Windows wire: docs/protocol/netbios-carrier.md.
#pragma once

#include <memory>

#include "carrier/carrier.h"
#include "carrier/netbios/netbios_sender.h"
#include "model/settings.h"

namespace mailslot {

// start() fails with bad_config if the machine's name is not possible on the classic wire.
std::unique_ptr<Carrier> make_netbios_carrier(const Settings& settings);
std::unique_ptr<Carrier> make_netbios_carrier(const Settings& settings, NetbiosPorts ports);

}  // namespace mailslot
