// Closes what strangers handed us, on threads of its own: a close takes as long as they like, be it
// a TCP socket that lingers or a file that a program of theirs serves.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <vector>

#include "os/fd.h"

namespace mailslot::os {

// Threads: any. What is not closed when it ends goes on being closed.
class Closer {
public:
    Closer();

    // Those of one user one after the other, without waiting for those of another.
    void close(std::uint32_t user, std::vector<UniqueFd> fds);
    void close(std::uint32_t user, UniqueFd fd);
    // How many of that user's are still open.
    std::size_t open_of(std::uint32_t user) const;

private:
    struct Work;
    std::shared_ptr<Work> work_;
};

}  // namespace mailslot::os
