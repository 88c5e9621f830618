#include "os/program.h"

#include <unistd.h>

#include <array>
#include <cerrno>
#include <climits>
#include <csignal>

namespace mailslot::os {

std::string own_program() {
    std::array<char, PATH_MAX> path{};
    const ssize_t size = readlink("/proc/self/exe", path.data(), path.size());
    return size > 0 ? std::string(path.data(), static_cast<std::size_t>(size)) : std::string();
}

bool is_program(const std::string& path) { return access(path.c_str(), X_OK) == 0; }

Error become_program(const std::string& path, char* const* arguments) {
    // Ignored signals stay ignored in the other program, which decides about that itself.
    std::signal(SIGPIPE, SIG_DFL);
    std::signal(SIGXFSZ, SIG_DFL);
    execv(path.c_str(), arguments);
    return Error{errno == EACCES || errno == EPERM ? Errc::no_permission : Errc::no_resources,
                 "start program", errno, path};
}

}  // namespace mailslot::os
