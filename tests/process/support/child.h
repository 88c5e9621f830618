// A child process of a test.
#pragma once

#include <sys/types.h>

#include <functional>
#include <utility>

namespace mailslot::testing_process {

// The destructor ends the process by kill -9.
class Child {
public:
    Child() = default;
    // Forks. The child runs `body`, and ends with status 1 if a check in it failed. Call from a
    // process without further threads, as the thread sanitizer requires.
    static Child run(const std::function<void()>& body);
    Child(Child&& other) noexcept : pid_(std::exchange(other.pid_, -1)) {}
    Child& operator=(Child&& other) noexcept {
        kill_and_wait();
        pid_ = std::exchange(other.pid_, -1);
        return *this;
    }
    ~Child() { kill_and_wait(); }

    pid_t pid() const { return pid_; }
    // Returns the exit status, or 128 plus the signal that ended the process. Kills the process
    // after 60 s.
    int wait();
    void signal(int number) const;
    void await_stopped();  // waits for its SIGSTOP
    int kill_and_wait();   // returns status as wait(); 0 if already waited for

private:
    explicit Child(pid_t pid) : pid_(pid) {}
    pid_t pid_ = -1;
};

inline constexpr int kKilled = 128 + 9;

}  // namespace mailslot::testing_process
