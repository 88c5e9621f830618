// A process of a test's own making.
#pragma once

#include <sys/types.h>

#include <functional>
#include <utility>

namespace mailslot::testing_process {

// Ends with kill -9 when the value goes.
class Child {
public:
    Child() = default;
    // Forks; the child runs `body`, and ends with status 1 where a check in it failed. To be called
    // by a process without further threads, where a thread sanitizer is to be content.
    static Child run(const std::function<void()>& body);
    Child(Child&& other) noexcept : pid_(std::exchange(other.pid_, -1)) {}
    Child& operator=(Child&& other) noexcept {
        kill_and_wait();
        pid_ = std::exchange(other.pid_, -1);
        return *this;
    }
    ~Child() { kill_and_wait(); }

    pid_t pid() const { return pid_; }
    // Exit status, or 128 and the signal that ended it. After 60 s it is killed.
    int wait();
    void signal(int number) const;
    void await_stopped();  // by SIGSTOP
    int kill_and_wait();   // status as wait's; 0 if it was waited for before

private:
    explicit Child(pid_t pid) : pid_(pid) {}
    pid_t pid_ = -1;
};

inline constexpr int kKilled = 128 + 9;

}  // namespace mailslot::testing_process
