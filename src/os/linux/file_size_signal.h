// Holds back SIGXFSZ from the calling thread while it grows a file. Growing a file past
// RLIMIT_FSIZE (`ulimit -f`, LimitFSIZE=) raises this signal, which ends the process without a
// word. Shared memory counts as a file. A library must leave the program's signal handlers alone.
#pragma once

#include <signal.h>

#include <cerrno>
#include <ctime>

namespace mailslot::os {

class FileSizeSignal {
public:
    FileSizeSignal() {
        sigemptyset(&signal_);
        sigaddset(&signal_, SIGXFSZ);
        pthread_sigmask(SIG_BLOCK, &signal_, &before_);
    }
    FileSizeSignal(const FileSizeSignal&) = delete;
    FileSizeSignal& operator=(const FileSizeSignal&) = delete;
    ~FileSizeSignal() {
        const int saved = errno;
        // A thread that blocks the signal itself keeps its own pending signal: the system merges
        // the two.
        if (sigismember(&before_, SIGXFSZ) == 0) {
            const timespec now{};
            while (sigtimedwait(&signal_, nullptr, &now) > 0) {
            }
        }
        pthread_sigmask(SIG_SETMASK, &before_, nullptr);
        errno = saved;
    }

private:
    sigset_t signal_{}, before_{};
};

}  // namespace mailslot::os
