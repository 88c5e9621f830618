// mailslot.Message.
#pragma once

#include <pybind11/pybind11.h>

#include <chrono>

#include "mailslot/mailslot.h"

namespace mailslot::python {

struct PyMessage {
    Message message;
    bool marshalled = true;
};

const char* word_of(Trust trust);

// Returns an aware datetime.
pybind11::object time_of(std::chrono::system_clock::time_point when);

void define_message(pybind11::module_& module);

}  // namespace mailslot::python
