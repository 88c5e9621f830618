#include "os/folder_watch.h"

#include <sys/inotify.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstddef>

namespace mailslot::os {

Result<FolderWatch> FolderWatch::open(const std::string& path) {
    GuardedFd fd = GuardedFd::make([] { return inotify_init1(IN_CLOEXEC | IN_NONBLOCK); });
    if (!fd) return Error{Errc::no_resources, "inotify_init", errno};
    constexpr std::uint32_t kWanted = IN_CREATE | IN_MOVED_TO | IN_ONLYDIR;
    if (inotify_add_watch(fd.number(), path.c_str(), kWanted) < 0) {
        return Error{errno == ENOENT ? Errc::no_such_slot : Errc::no_resources, "inotify_add_watch",
                     errno};
    }
    return FolderWatch(std::move(fd));
}

void FolderWatch::clear() {
    std::array<std::byte, 4096> events;
    while (read(fd_.number(), events.data(), events.size()) > 0) {
    }
}

}  // namespace mailslot::os
