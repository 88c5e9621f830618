// Raises the library's errors as Python exceptions: the classes of mailslot.exceptions.
#pragma once

#include <pybind11/pybind11.h>

#include "mailslot/result.h"

namespace mailslot::python {

// Call with the interpreter lock held.
[[noreturn]] void raise(const Error& error);
[[noreturn]] void raise_too_complex(const std::string& why);

pybind11::object exception_of(const Error& error);

}  // namespace mailslot::python
