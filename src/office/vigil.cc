#include "office/vigil.h"

namespace mailslot::office {

Vigil::Next Vigil::look(bool something_waits, std::uint32_t beats) {
    const bool stands = has_looked_ && beats == beats_;
    has_looked_ = true;
    beats_ = beats;
    if (!stands || !something_waits) in_vain_ = 0;
    if (!stands) return Next::look_again;
    if (!something_waits) {
        has_looked_ = false;
        return Next::sleep;
    }
    return ++in_vain_ < kLooksInVain ? Next::look_again : Next::replace;
}

}  // namespace mailslot::office
