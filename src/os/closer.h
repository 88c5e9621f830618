// Closes descriptors that strangers sent, on threads of its own. Such a close may take as long as
// the stranger likes: a TCP socket lingers, or a file is served by the stranger's program.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <vector>

#include "os/fd.h"

namespace mailslot::os {

// Threads: any. Descriptors that are still open when a Closer is destroyed are closed later all the
// same.
class Closer {
public:
    Closer();

    // Closes each user's descriptors in turn, without waiting for those of other users.
    void close(std::uint32_t user, std::vector<UniqueFd> fds);
    void close(std::uint32_t user, UniqueFd fd);
    // Returns how many of that user's descriptors are still open.
    std::size_t open_of(std::uint32_t user) const;
    std::size_t open_in_all() const;

private:
    struct Work;
    std::shared_ptr<Work> work_;
};

}  // namespace mailslot::os
