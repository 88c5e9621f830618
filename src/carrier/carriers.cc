#include "carrier/carriers.h"

#include <algorithm>

#include "carrier/netbios/netbios_carrier.h"
#include "carrier/netbios/netbios_writer.h"
#include "carrier/udp/udp_carrier.h"
#include "carrier/udp/udp_writer.h"
#include "carrier/writer_group.h"

namespace mailslot {
namespace {

struct CarrierKind {
    std::string_view name;
    bool Settings::*is_on;
    std::unique_ptr<Carrier> (*make)(const Settings&);
    std::unique_ptr<CarrierWriter> (*make_writer)(const WriterNeeds&);
    // Null: the carrier reaches no slots of this machine.
    std::unique_ptr<CarrierWriter> (*make_writer_to_this_machine)(const WriterNeeds&) = nullptr;
    // Returns whether no other carrier has such a place. Null: never.
    bool (*has_place_alone)(const Address&) = nullptr;
    bool needs_low_ports = false;  // below 1024
};

// In order: the first that is switched on is the main carrier.
constexpr CarrierKind kCarriers[] = {
    {.name = "udp",
     .is_on = &Settings::udp,
     .make = make_udp_carrier,
     .make_writer = make_udp_writer,
     .make_writer_to_this_machine = make_udp_writer_to_this_machine},
    {.name = "netbios",
     .is_on = &Settings::netbios,
     .make = make_netbios_carrier,
     .make_writer = make_netbios_writer,
     .has_place_alone = is_classic_place,
     .needs_low_ports = true},
};

}  // namespace

std::vector<std::unique_ptr<Carrier>> make_carriers(const Settings& settings) {
    std::vector<std::unique_ptr<Carrier>> carriers;
    for (const CarrierKind& kind : kCarriers) {
        if (settings.*kind.is_on) carriers.push_back(kind.make(settings));
    }
    return carriers;
}

std::unique_ptr<CarrierWriter> make_writer(const WriterNeeds& needs) {
    WriterGroup::Writers writers;
    for (const CarrierKind& kind : kCarriers) {
        if (!(needs.settings.*kind.is_on)) continue;
        const bool is_alone =
            kind.has_place_alone != nullptr && kind.has_place_alone(needs.address);
        if (is_alone) return kind.make_writer(needs);
        writers.push_back(kind.make_writer(needs));
    }
    if (writers.size() == 1) return std::move(writers.front());
    return std::make_unique<WriterGroup>(std::move(writers));
}

std::unique_ptr<CarrierWriter> make_writer_to_this_machine(const WriterNeeds& needs) {
    for (const CarrierKind& kind : kCarriers) {
        const bool reaches =
            needs.settings.*kind.is_on && kind.make_writer_to_this_machine != nullptr;
        if (reaches) return kind.make_writer_to_this_machine(needs);
    }
    return nullptr;
}

bool need_low_ports(const Settings& settings) {
    return std::ranges::any_of(kCarriers, [&settings](const CarrierKind& kind) {
        return settings.*kind.is_on && kind.needs_low_ports;
    });
}

std::vector<std::string_view> names_of_carriers() {
    std::vector<std::string_view> names;
    for (const CarrierKind& kind : kCarriers) names.push_back(kind.name);
    return names;
}

}  // namespace mailslot
