#include "base/random.h"

#include <sys/random.h>

#include "base/check.h"

namespace mailslot {

std::uint64_t SystemRandom::u64() {
    std::uint64_t value = 0;
    // Eight bytes never come in part, and after boot never fail (getrandom(2), "NOTES").
    MAILSLOT_CHECK(getrandom(&value, sizeof value, 0) == sizeof value);
    return value;
}

}  // namespace mailslot
