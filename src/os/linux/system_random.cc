#include "os/system_random.h"

#include <sys/random.h>

#include <cstdio>
#include <memory>

#include "base/check.h"

namespace mailslot::os {

std::uint64_t SystemRandom::u64() {
    std::uint64_t value = 0;
    // Eight bytes never come in part, and after boot never fail (getrandom(2), "NOTES").
    if (getrandom(&value, sizeof value, 0) == sizeof value) return value;
    // A sandbox may forbid the call. The device gives the same bytes.
    const std::unique_ptr<std::FILE, int (*)(std::FILE*)> device(std::fopen("/dev/urandom", "rbe"),
                                                                 &std::fclose);
    MAILSLOT_CHECK(device && std::fread(&value, sizeof value, 1, device.get()) == 1);
    return value;
}

}  // namespace mailslot::os
