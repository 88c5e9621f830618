// Waits of Python's threads: with the interpreter lock free, and open to its signals.
#pragma once

#include <pybind11/pybind11.h>

#include "mailslot/mailslot.h"

namespace mailslot::python {

// For the library's waits: whether a signal's handler has raised. Call it without the interpreter
// lock. Only the main thread runs handlers; others wait on.
inline bool is_interrupted() {
    const PyGILState_STATE state = PyGILState_Ensure();
    const bool raised = PyErr_CheckSignals() != 0;  // the exception stays set in this thread
    PyGILState_Release(state);
    return raised;
}

// Calls it with the interpreter lock free; nothing of Python may be touched in it.
template <class Call>
auto unlocked(const Call& call) {
    PyThreadState* const state = PyEval_SaveThread();
    auto result = call();
    PyEval_RestoreThread(state);
    return result;
}

}  // namespace mailslot::python
