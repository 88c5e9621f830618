#include "os/thread.h"

#include <dlfcn.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <sys/eventfd.h>
#include <sys/prctl.h>
#include <unistd.h>

#include <cerrno>
#include <cstdint>
#include <new>
#include <system_error>
#include <utility>

namespace mailslot::os {
namespace {

bool run(std::thread& thread, std::function<void()> work) {
    sigset_t all, before;
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before);  // the new thread inherits this
    bool started = true;
    int why = ENOMEM;
    try {
        thread = std::thread(std::move(work));
    } catch (const std::system_error& error) {
        started = false;
        why = error.code().value();
    } catch (const std::bad_alloc&) {
        started = false;
    }
    pthread_sigmask(SIG_SETMASK, &before, nullptr);
    if (!started) errno = why;
    return started;
}

}  // namespace

bool run_detached(std::function<void()> work) {
    std::thread thread;
    if (!run(thread, std::move(work))) return false;
    thread.detach();
    return true;
}

bool run_joinable(std::thread& thread, std::function<void()> work) {
    return run(thread, std::move(work));
}

void name_thread(std::thread& thread, const char* name) {
    pthread_setname_np(thread.native_handle(), name);
}

void stay_loaded() {
    Dl_info code{};
    if (dladdr(reinterpret_cast<const void*>(&stay_loaded), &code) == 0) return;
    // dlopen() returns null for the main program, which stays anyway. Its result need not be
    // closed.
    (void)dlopen(code.dli_fname, RTLD_LAZY | RTLD_NOLOAD | RTLD_NODELETE);
}

Result<StopFlag> StopFlag::create() {
    GuardedFd fd = GuardedFd::make([] { return eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK); });
    if (!fd) return Error{Errc::no_resources, "eventfd", errno};
    return StopFlag(std::move(fd));
}

void StopFlag::set() {
    const std::uint64_t one = 1;
    [[maybe_unused]] const ssize_t written =
        write(fd_.number(), &one, sizeof one);  // cannot be full
}

bool StopFlag::wait_for(std::chrono::milliseconds at_most) const {
    pollfd polled{fd_.number(), POLLIN, 0};
    return poll(&polled, 1, static_cast<int>(at_most.count())) > 0;
}

void use_precise_timers() { prctl(PR_SET_TIMERSLACK, 1000); }

}  // namespace mailslot::os
