// What this machine is called on the classic wire: docs/protocol/netbios-carrier.md, "Names". Pure.
#pragma once

#include <vector>

#include "mailslot/result.h"
#include "model/settings.h"
#include "wire/netbios_name.h"

namespace mailslot {

struct OwnName {
    wire::NetbiosName name{};
    bool is_group = false;
    bool operator==(const OwnName&) const = default;
};

struct OwnNames {
    wire::NetbiosName machine{};    // who sends
    wire::NetbiosName everybody{};  // whom `*` means
    std::vector<OwnName> all{};     // each once

    const OwnName* find(const wire::NetbiosName& name) const;  // without regard to case; or null
};

// Errors: bad_config, where the machine's name cannot be one there.
Result<OwnNames> own_names(const Settings& settings);

}  // namespace mailslot
