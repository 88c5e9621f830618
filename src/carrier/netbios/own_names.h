// Names of this machine on the classic wire: docs/protocol/netbios-carrier.md, "Names". Pure.
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
    wire::NetbiosName machine{};    // the name we send from
    wire::NetbiosName everybody{};  // the name that `*` stands for
    std::vector<OwnName> all{};     // without duplicates

    const OwnName* find(const wire::NetbiosName& name) const;  // ignores case; may be null
};

// Errors: bad_config if the machine's name is not possible on the classic wire.
Result<OwnNames> own_names(const Settings& settings);

}  // namespace mailslot
