// Waits of Python's threads, with the interpreter lock free and open to Python's signals. The
// library only learns that a signal has come, and gives up its wait. Then the handlers run here,
// holding nothing of the library, so that they may call the library as they like.
#pragma once

#include <pybind11/pybind11.h>

#include <algorithm>
#include <chrono>

#include "mailslot/mailslot.h"

namespace mailslot::python {

// Runs `call` with the interpreter lock free. `call` must not touch any Python object.
template <class Call>
auto unlocked(const Call& call) {
    PyThreadState* const state = PyEval_SaveThread();
    auto result = call();
    PyEval_RestoreThread(state);
    return result;
}

// Notices Python's signals while it lives, in whichever thread they arrive, by the descriptor that
// Python's own handler writes to (signal.set_wakeup_fd). If the program uses that descriptor
// itself, as asyncio does, the signals are passed on to the program. Use in the main thread, the
// only thread that runs handlers, with the interpreter lock held. Only question() needs no lock.
class SignalWatch {
public:
    SignalWatch();  // runs pending handlers, and raises their exceptions
    ~SignalWatch();
    SignalWatch(const SignalWatch&) = delete;
    SignalWatch& operator=(const SignalWatch&) = delete;

    Interrupted question() const { return question_; }
    // Raises the exceptions of handlers.
    void run_handlers();

private:
    void stop();

    Interrupted question_ = nullptr;
    bool has_pipe_ = false;
    int theirs_ = -1;  // the program's own descriptor
};

// Question for a first attempt, which must not sleep: most calls need no sleep, and a SignalWatch
// costs 2 us.
bool would_sleep();
// Returns whether any of these questions was answered with true in this thread since the last call.
bool was_interrupted();

// Returns the time left. Below 0: for ever.
inline Timeout time_left(Timeout timeout, std::chrono::steady_clock::time_point began) {
    if (timeout < Timeout(0)) return kForever;
    const auto gone = std::chrono::floor<Timeout>(std::chrono::steady_clock::now() - began);
    return std::max(timeout - gone, Timeout(0));
}

// Calls `wait(time left, interrupted)` until the result is not an interruption. Raises the
// exceptions of handlers. Timeout below 0: for ever.
template <class Wait>
auto wait_with_signals(Timeout timeout, const Wait& wait) {
    const bool is_main = _PyOS_IsMainThread() != 0;
    auto result = unlocked([&] { return wait(timeout, is_main ? would_sleep : nullptr); });
    const auto is_interrupted = [&] { return !result && result.error().code == Errc::interrupted; };
    if (!is_interrupted()) return result;
    const auto began = std::chrono::steady_clock::now();  // costs a tenth of a put
    SignalWatch signals;
    do {
        const Timeout left = time_left(timeout, began);
        result = unlocked([&] { return wait(left, signals.question()); });
        if (is_interrupted()) signals.run_handlers();
    } while (is_interrupted());
    return result;
}

// For calls that wait at most a second, and only for a stopped process.
template <class Wait>
auto ask_with_signals(const Wait& wait) {
    return wait_with_signals(kForever,
                             [&](Timeout, Interrupted question) { return wait(question); });
}

}  // namespace mailslot::python
