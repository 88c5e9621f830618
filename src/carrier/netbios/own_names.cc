#include "carrier/netbios/own_names.h"

#include <algorithm>
#include <string_view>

namespace mailslot {
namespace {

bool is_group_suffix(std::uint8_t suffix) {
    return suffix == wire::suffix::kDomainControllers || suffix == wire::suffix::kElections;
}

void add(std::vector<OwnName>& all, const std::optional<wire::NetbiosName>& name, bool is_group) {
    if (name && std::ranges::count(all, *name, &OwnName::name) == 0) {
        all.push_back({*name, is_group});
    }
}

}  // namespace

const OwnName* OwnNames::find(const wire::NetbiosName& name) const {
    // Our names are in upper case.
    const auto found = std::ranges::find(all, wire::folded(name), &OwnName::name);
    return found == all.end() ? nullptr : &*found;
}

Result<OwnNames> own_names(const Settings& settings) {
    const std::string_view host =
        std::string_view(settings.host).substr(0, wire::kNetbiosNameBytes);
    const auto machine = wire::make_netbios_name(host, wire::suffix::kWorkstation);
    const auto everybody =
        wire::make_netbios_name(settings.classic.workgroup, wire::suffix::kWorkstation);
    if (!machine || !everybody) {
        return Error{
            Errc::bad_config, "names", 0,
            "this machine's name '" + settings.host +
                "' is not a NetBIOS name: set `host` in mailslot.toml to ASCII letters and digits"};
    }
    OwnNames names{*machine, *everybody, {}};
    add(names.all, machine, false);
    add(names.all, wire::make_netbios_name(host, wire::suffix::kMessenger), false);
    add(names.all, everybody, true);
    // The name to which masters of the subnet announce themselves.
    add(names.all, wire::make_netbios_name(everybody->text(), wire::suffix::kElections), true);
    for (const std::string& domain : settings.domains) {
        add(names.all, wire::make_netbios_name(domain, wire::suffix::kWorkstation), true);
    }
    for (const std::string& further : settings.classic.names) {
        const auto name = wire::parse_netbios_name(further);
        if (name) add(names.all, name, is_group_suffix(name->suffix()));
    }
    return names;
}

}  // namespace mailslot
