// The names of the levels of trust, the same everywhere.
#pragma once

#include <string_view>

#include "mailslot/types.h"

namespace mailslot {

inline constexpr Trust kAllTrust[] = {Trust::none, Trust::domain, Trust::local};

constexpr std::string_view word_of(Trust trust) {
    switch (trust) {
        case Trust::domain:
            return "domain";
        case Trust::local:
            return "local";
        case Trust::none:
            break;
    }
    return "none";
}

}  // namespace mailslot
