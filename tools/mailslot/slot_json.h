// A slot's numbers as JSON, for list and info: the members of SlotInfo by their own names.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "mailslot/mailslot.h"

namespace mailslot::cli {

// One object and a newline. No limit, no next message, no read timeout: null.
void append_slot_json(std::string& out, const SlotInfo& slot);

struct Loss {
    std::string_view cause;
    std::uint64_t count;
};
std::vector<Loss> losses_of(const SlotInfo& slot);  // all causes, also where nothing was lost

}  // namespace mailslot::cli
