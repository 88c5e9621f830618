// Waits of Python's threads: with the interpreter lock free, and open to its signals. The library
// only learns that a signal has come, and gives up its wait; then the handlers run here, with
// nothing of the library's held, and may call it as they like.
#pragma once

#include <pybind11/pybind11.h>

#include <algorithm>
#include <chrono>

#include "mailslot/mailslot.h"

namespace mailslot::python {

// Calls it with the interpreter lock free; nothing of Python may be touched in it.
template <class Call>
auto unlocked(const Call& call) {
    PyThreadState* const state = PyEval_SaveThread();
    auto result = call();
    PyEval_RestoreThread(state);
    return result;
}

// Hears Python's signals while it lives, whichever thread the system gives them to, by the
// descriptor to which Python's own handler writes (signal.set_wakeup_fd). A program that uses that
// itself, such as asyncio, is told what came meanwhile. In the main thread, which alone runs
// handlers, and with the interpreter lock held, but for the question.
class SignalWatch {
public:
    SignalWatch();  // runs the handlers of what came before; raises what they raise
    ~SignalWatch();
    SignalWatch(const SignalWatch&) = delete;
    SignalWatch& operator=(const SignalWatch&) = delete;

    Interrupted question() const { return question_; }
    // Raises what a handler raises.
    void run_handlers();

private:
    void stop();

    Interrupted question_ = nullptr;
    bool has_pipe_ = false;
    int theirs_ = -1;  // the program's own descriptor
};

// The question of a first attempt, which is not to sleep: most calls need not, and a SignalWatch
// costs 2 us.
bool would_sleep();
// Whether one of these questions was answered with yes in this thread since the last call.
bool was_interrupted();

// The rest of a time. Below 0: for ever.
inline Timeout time_left(Timeout timeout, std::chrono::steady_clock::time_point began) {
    if (timeout < Timeout(0)) return kForever;
    const auto gone = std::chrono::floor<Timeout>(std::chrono::steady_clock::now() - began);
    return std::max(timeout - gone, Timeout(0));
}

// Waits by `wait(time left, interrupted)` until it ends for another reason than a signal. Raises
// what a handler raises. Below 0: for ever.
template <class Wait>
auto wait_with_signals(Timeout timeout, const Wait& wait) {
    const bool is_main = _PyOS_IsMainThread() != 0;
    auto result = unlocked([&] { return wait(timeout, is_main ? would_sleep : nullptr); });
    const auto is_interrupted = [&] { return !result && result.error().code == Errc::interrupted; };
    if (!is_interrupted()) return result;
    const auto began = std::chrono::steady_clock::now();  // it costs a tenth of a put
    SignalWatch signals;
    do {
        const Timeout left = time_left(timeout, began);
        result = unlocked([&] { return wait(left, signals.question()); });
        if (is_interrupted()) signals.run_handlers();
    } while (is_interrupted());
    return result;
}

// For what waits a second at most, and only for a process that was stopped.
template <class Wait>
auto ask_with_signals(const Wait& wait) {
    return wait_with_signals(kForever,
                             [&](Timeout, Interrupted question) { return wait(question); });
}

}  // namespace mailslot::python
