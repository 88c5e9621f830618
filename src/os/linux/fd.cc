#include "os/fd.h"

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>

namespace mailslot::os {

void UniqueFd::reset(int fd) {
    const int old = std::exchange(fd_, fd);
    if (old < 0) return;
    const int kept = errno;
    close(old);  // not repeated on EINTR: Linux has freed the number (close(2), "NOTES")
    errno = kept;
}

UniqueFd duplicate(Handle fd) { return UniqueFd(fcntl(to_number(fd), F_DUPFD_CLOEXEC, 0)); }

}  // namespace mailslot::os
