// The kernel's randomness.
#pragma once

#include <cstdint>

#include "base/random.h"

namespace mailslot::os {

// Threads: any.
class SystemRandom final : public Random {
public:
    std::uint64_t u64() override;
};

}  // namespace mailslot::os
