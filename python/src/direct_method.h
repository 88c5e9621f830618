// DirectMethod: a Python callable with a direct way before its general one. Call all functions with
// the interpreter lock held.
#pragma once

#include <Python.h>

#include <cstddef>
#include <optional>

namespace mailslot::python {

// Positional arguments of a call, `self` first, followed by the values of named arguments.
struct Arguments {
    PyObject* const* values;
    std::size_t positional;
    PyObject* names;  // a tuple, or null
};

// nullopt: not done, go the general way. Null: a Python error is set.
using Answer = std::optional<PyObject*>;
using DirectWay = Answer (*)(const Arguments&);

// Returns a method that tries `direct` first, and else calls `general`, whose name and documentation
// it has. Null: a Python error is set.
PyObject* make_method(PyObject* general, DirectWay direct);

}  // namespace mailslot::python
