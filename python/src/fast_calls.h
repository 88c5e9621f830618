// put, get and the loop over a reader without the price of a general call (docs/python.md).
#pragma once

#include <pybind11/pybind11.h>

namespace mailslot::python {

// Adds to the module what mailslot.ipc builds on: Ends, direct_put, direct_get; and puts direct
// ways before Reader.get and Writer.put, which must be there.
void define_fast_calls(pybind11::module_& module);

}  // namespace mailslot::python
