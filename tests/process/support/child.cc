#include "support/child.h"

#include <gtest/gtest.h>
#include <poll.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstdio>
#include <exception>

#include "os/fd.h"

#ifdef __SANITIZE_THREAD__
// A child of a process with threads may start threads: ours do, for held messages.
extern "C" [[gnu::visibility("default")]] const char* __tsan_default_options();
extern "C" const char* __tsan_default_options() { return "die_after_fork=0"; }
#endif

#ifdef __SANITIZE_ADDRESS__
// In a child the leak checker would wait for threads that only the parent has. The parent
// is checked.
namespace {
bool is_child = false;
}  // namespace
extern "C" [[gnu::visibility("default")]] int __lsan_is_turned_off();
extern "C" int __lsan_is_turned_off() { return is_child ? 1 : 0; }
#endif

namespace mailslot::testing_process {
namespace {

constexpr int kPatienceMs = 60'000;  // reached only by a failed test

int to_status(int wait_status) {
    return WIFSIGNALED(wait_status) ? 128 + WTERMSIG(wait_status) : WEXITSTATUS(wait_status);
}

[[noreturn]] void live(const std::function<void()>& body) {
    prctl(PR_SET_PDEATHSIG, SIGKILL);
#ifdef __SANITIZE_ADDRESS__
    is_child = true;
#endif
    const auto* result = testing::UnitTest::GetInstance()->current_test_info()->result();
    const int failed_before = result->total_part_count();
    try {
        body();
    } catch (const std::exception& error) {
        ADD_FAILURE() << error.what();
    }
    std::fflush(nullptr);
    _exit(result->total_part_count() > failed_before ? 1 : 0);
}

}  // namespace

Child Child::run(const std::function<void()>& body) {
    std::fflush(nullptr);
    const pid_t pid = fork();
    if (pid == 0) live(body);
    EXPECT_GT(pid, 0) << "fork";
    return Child(pid);
}

int Child::wait() {
    if (pid_ < 0) return 0;
    const os::UniqueFd fd(static_cast<int>(syscall(SYS_pidfd_open, pid_, 0)));
    pollfd ended{fd.number(), POLLIN, 0};
    if (poll(&ended, 1, kPatienceMs) != 1) {
        ADD_FAILURE() << "process " << pid_ << " hangs";
        ::kill(pid_, SIGKILL);
    }
    int status = 0;
    waitpid(std::exchange(pid_, -1), &status, 0);
    return to_status(status);
}

void Child::signal(int number) const {
    if (pid_ > 0) ::kill(pid_, number);
}

void Child::await_stopped() {
    int status = 0;
    ASSERT_EQ(waitpid(pid_, &status, WUNTRACED), pid_);
    if (WIFSTOPPED(status)) return;
    pid_ = -1;
    FAIL() << "it ended instead, with " << to_status(status);
}

int Child::kill_and_wait() {
    signal(SIGKILL);
    return wait();
}

}  // namespace mailslot::testing_process
