#include "os/thread.h"

#include <dlfcn.h>
#include <poll.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <sys/eventfd.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cerrno>
#include <cstdint>
#include <new>
#include <optional>
#include <system_error>
#include <utility>

namespace mailslot::os {
namespace {

// struct sched_attr of sched_setattr(2), version 0. Debian 12's <sched.h> lacks it, and conflicts
// with the kernel's header that has it.
struct SchedulingAttributes {
    std::uint32_t size = sizeof(SchedulingAttributes);
    std::uint32_t policy = 0;
    std::uint64_t flags = 0;
    std::int32_t nice = 0;
    std::uint32_t priority = 0;
    std::uint64_t runtime = 0, deadline = 0, period = 0;  // ns
};

// Attributes of the calling thread.
bool get_attributes(SchedulingAttributes& attributes) {
    return syscall(SYS_sched_getattr, 0, &attributes, sizeof attributes, 0) == 0;
}
bool set_attributes(SchedulingAttributes& attributes) {
    return syscall(SYS_sched_setattr, 0, &attributes, 0) == 0;
}

// Returns the turn before the change; nullopt if the system refused the change.
std::optional<std::chrono::nanoseconds> change_turn(std::chrono::nanoseconds turn) {
    SchedulingAttributes attributes;
    if (!get_attributes(attributes)) return std::nullopt;
    const std::chrono::nanoseconds before(attributes.runtime);
    attributes.runtime = static_cast<std::uint64_t>(turn.count());
    if (!set_attributes(attributes)) return std::nullopt;
    // Older kernels accept the value without effect.
    if (!get_attributes(attributes)) return std::nullopt;
    if (attributes.runtime != static_cast<std::uint64_t>(turn.count())) return std::nullopt;
    return before;
}

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
    [[maybe_unused]] const ssize_t written = write(fd_.get(), &one, sizeof one);  // cannot be full
}

bool StopFlag::wait_for(std::chrono::milliseconds at_most) const {
    pollfd polled{fd_.get(), POLLIN, 0};
    return poll(&polled, 1, static_cast<int>(at_most.count())) > 0;
}

void use_precise_timers() { prctl(PR_SET_TIMERSLACK, 1000); }

void ShortTurns::begin() {
    if (are_on_ || are_refused_) return;
    if (const auto before = change_turn(turn_)) {
        usual_ = *before;
        are_on_ = true;
    } else {
        are_refused_ = true;
    }
}

void ShortTurns::end() {
    if (!are_on_) return;
    (void)change_turn(usual_);
    are_on_ = false;
}

void ShortTurns::give_way() const {
    if (are_on_) sched_yield();
}

}  // namespace mailslot::os
