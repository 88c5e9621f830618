// The words of the setting `carriers`, and the fields of the settings that they set.
#pragma once

#include <algorithm>
#include <string_view>

#include "model/settings.h"

namespace mailslot {

struct CarrierSwitch {
    std::string_view name;  // as CarrierTraits::name
    bool Settings::*is_on;
};

inline constexpr CarrierSwitch kCarrierSwitches[] = {
    {"udp", &Settings::udp},
    {"netbios", &Settings::netbios},
};
inline constexpr const char* kCarriersRule = R"(a list of "udp" and "netbios", not empty)";

inline bool has_carrier(const Settings& settings) {
    return std::ranges::any_of(kCarrierSwitches,
                               [&](const auto& carrier) { return settings.*carrier.is_on; });
}

}  // namespace mailslot
