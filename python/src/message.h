// mailslot.Message.
#pragma once

#include <pybind11/pybind11.h>

#include "mailslot/mailslot.h"

namespace mailslot::python {

struct PyMessage {
    Message message;
    bool marshalled = true;
};

void define_message(pybind11::module_& module);

}  // namespace mailslot::python
