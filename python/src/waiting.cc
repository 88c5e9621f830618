#include "waiting.h"

#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <sys/stat.h>
#include <unistd.h>

#include <utility>

namespace py = pybind11;

namespace mailslot::python {
namespace {

// Pipe of the main thread, made at its first wait. Kept for good, because Python's handler may
// write to the pipe at any time. In a child of fork the same numbers are another pipe.
class Pipe {
public:
    int read_end() const { return read_; }
    int write_end() const { return write_; }

    // Makes sure that the pipe exists. A program may have closed all descriptors, as daemons do
    // when they start. The numbers may then be other files, which must not be written to.
    bool is_there() {
        if (read_ >= 0 && is_ours(read_) && is_ours(write_)) return true;
        int ends[2];
        if (pipe2(ends, O_CLOEXEC | O_NONBLOCK) != 0) return false;
        const bool is_first = read_ < 0;
        read_ = ends[0];
        write_ = ends[1];
        remember();
        if (is_first) pthread_atfork(nullptr, nullptr, make_anew);
        return true;
    }

private:
    bool is_ours(int fd) const {
        struct stat status {};
        return fstat(fd, &status) == 0 && status.st_dev == device_ && status.st_ino == file_;
    }
    void remember() {
        struct stat status {};
        fstat(read_, &status);
        device_ = status.st_dev;
        file_ = status.st_ino;
    }
    static void make_anew();

    int read_ = -1, write_ = -1;
    dev_t device_ = 0;
    ino_t file_ = 0;
};

Pipe pipe_of_signals;

// Runs in a child of fork, where few calls are allowed. If no descriptor is left, the child shares
// its parent's pipe, and either of them may look for a signal in vain.
void Pipe::make_anew() {
    Pipe& ours = pipe_of_signals;
    int ends[2];
    if (!ours.is_ours(ours.read_) || !ours.is_ours(ours.write_)) return;
    if (pipe2(ends, O_CLOEXEC | O_NONBLOCK) != 0) return;
    dup3(ends[0], ours.read_, O_CLOEXEC);
    dup3(ends[1], ours.write_, O_CLOEXEC);
    close(ends[0]);
    close(ends[1]);
    ours.remember();
}

// Returns the descriptor set before, or -1. Also turns off the warning about a full descriptor,
// because the program's choice cannot be asked.
int set_wakeup_fd(int fd) {
    static PyObject* const set =
        py::object(py::module_::import("signal").attr("set_wakeup_fd")).release().ptr();
    static PyObject* const names = Py_BuildValue("(s)", "warn_on_full_buffer");
    const auto number = py::reinterpret_steal<py::object>(PyLong_FromLong(fd));
    PyObject* const arguments[] = {number.ptr(), Py_False};
    const auto before =
        py::reinterpret_steal<py::object>(PyObject_Vectorcall(set, arguments, 1, names));
    if (before) return static_cast<int>(PyLong_AsLong(before.ptr()));
    PyErr_Clear();  // the program has closed its own meanwhile
    return fd < 0 ? -1 : set_wakeup_fd(-1);
}

thread_local bool is_interrupted = false;

bool has_signal() {
    pollfd entry{pipe_of_signals.read_end(), POLLIN, 0};
    const bool has = poll(&entry, 1, 0) > 0;
    is_interrupted = is_interrupted || has;
    return has;
}

// Used if no descriptor is left: true after every second call, thus after every short sleep.
bool has_slept() {
    static bool is_asked_again = true;
    is_asked_again = !is_asked_again;
    is_interrupted = is_interrupted || is_asked_again;
    return is_asked_again;
}

}  // namespace

bool would_sleep() {
    is_interrupted = true;
    return true;
}

bool was_interrupted() { return std::exchange(is_interrupted, false); }

SignalWatch::SignalWatch() {
    has_pipe_ = pipe_of_signals.is_there();
    question_ = has_pipe_ ? has_signal : has_slept;
    if (has_pipe_) theirs_ = set_wakeup_fd(pipe_of_signals.write_end());
    // From here on signals go to the pipe. Handlers of earlier signals are pending.
    if (PyErr_CheckSignals() == 0) return;
    py::error_already_set raised;
    stop();
    throw raised;
}

SignalWatch::~SignalWatch() { stop(); }

void SignalWatch::stop() {
    if (!std::exchange(has_pipe_, false)) return;
    const int now = set_wakeup_fd(theirs_);
    if (now != pipe_of_signals.write_end()) set_wakeup_fd(now);  // a handler has set its own
}

void SignalWatch::run_handlers() {
    char numbers[64];
    while (has_pipe_) {
        const ssize_t count = read(pipe_of_signals.read_end(), numbers, sizeof numbers);
        if (count <= 0) break;
        if (theirs_ < 0 || theirs_ == pipe_of_signals.write_end()) continue;
        // A full descriptor is as good as another byte.
        [[maybe_unused]] const ssize_t told =
            write(theirs_, numbers, static_cast<std::size_t>(count));
    }
    if (PyErr_CheckSignals() != 0) throw py::error_already_set();
}

}  // namespace mailslot::python
