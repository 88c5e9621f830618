#include "os/descriptors.h"

#include <sys/resource.h>

namespace mailslot::os {

std::size_t most_descriptors() {
    rlimit limit{};
    constexpr std::size_t kUsual = 1024;
    if (getrlimit(RLIMIT_NOFILE, &limit) != 0) return kUsual;
    return static_cast<std::size_t>(limit.rlim_cur);
}

void allow_most_descriptors() {
    rlimit limit{};
    if (getrlimit(RLIMIT_NOFILE, &limit) != 0 || limit.rlim_cur == limit.rlim_max) return;
    limit.rlim_cur = limit.rlim_max;
    (void)setrlimit(RLIMIT_NOFILE, &limit);
}

bool descriptors_run_short(Handle newest) {
    rlimit limit{};
    if (getrlimit(RLIMIT_NOFILE, &limit) != 0) return false;
    return static_cast<rlim_t>(to_number(newest)) >= limit.rlim_cur / 2;
}

}  // namespace mailslot::os
