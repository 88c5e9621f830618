#include "os/process.h"

#include <unistd.h>

#include <array>

namespace mailslot::os {

std::int32_t own_process() { return getpid(); }

std::string host_name() {
    std::array<char, 256> name{};  // HOST_NAME_MAX is 64; the last byte stays zero
    return gethostname(name.data(), name.size() - 1) == 0 ? name.data() : "";
}

}  // namespace mailslot::os
