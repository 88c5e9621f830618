#include "os/descriptors.h"

#include <sys/resource.h>

namespace mailslot::os {

bool descriptors_run_short(int newest) {
    rlimit limit{};
    if (getrlimit(RLIMIT_NOFILE, &limit) != 0) return false;
    return static_cast<rlim_t>(newest) >= limit.rlim_cur / 2;
}

}  // namespace mailslot::os
