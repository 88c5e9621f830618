#include "carrier/carriers.h"

#include "carrier/netbios/netbios_carrier.h"
#include "carrier/udp/udp_carrier.h"

namespace mailslot {
namespace {

struct CarrierKind {
    std::string_view name;
    bool Settings::*is_on;
    std::unique_ptr<Carrier> (*make)(const Settings&);
};

// In order: the first that is switched on is the main carrier.
constexpr CarrierKind kCarriers[] = {
    {"udp", &Settings::udp, make_udp_carrier},
    {"netbios", &Settings::netbios, make_netbios_carrier},
};

}  // namespace

std::vector<std::unique_ptr<Carrier>> make_carriers(const Settings& settings) {
    std::vector<std::unique_ptr<Carrier>> carriers;
    for (const CarrierKind& kind : kCarriers) {
        if (settings.*kind.is_on) carriers.push_back(kind.make(settings));
    }
    return carriers;
}

std::vector<std::string_view> names_of_carriers() {
    std::vector<std::string_view> names;
    for (const CarrierKind& kind : kCarriers) names.push_back(kind.name);
    return names;
}

}  // namespace mailslot
