// mailslot.SlotInfo and mailslot.Losses.
#pragma once

#include <pybind11/pybind11.h>

namespace mailslot::python {

void define_slot_info(pybind11::module_& module);

}  // namespace mailslot::python
