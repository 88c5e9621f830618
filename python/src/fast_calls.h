// Calls of put, get and the loop over a reader without the price of a general
// call (docs/python.md).
#pragma once

#include <pybind11/pybind11.h>

namespace mailslot::python {

// Adds Ends, direct_put and direct_get to the module, on which mailslot.ipc builds. Also puts
// direct ways before Reader.get and Writer.put, which must exist already.
void define_fast_calls(pybind11::module_& module);

}  // namespace mailslot::python
