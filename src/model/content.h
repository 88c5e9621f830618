// What a message has for itself among others that travel with it.
#pragma once

#include <cstdint>

#include "base/bytes.h"
#include "model/form.h"

namespace mailslot {

struct Content {
    Bytes payload{};
    std::int64_t sent_at_us = 0;
    Form format{};
};

}  // namespace mailslot
