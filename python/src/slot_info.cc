#include "slot_info.h"

#include <pybind11/stl.h>

#include "mailslot/discovery.h"
#include "mailslot/mailslot.h"
#include "message.h"
#include "values.h"

namespace py = pybind11;

namespace mailslot::python {
namespace {

void define_slots(py::module_& module) {
    py::class_<Losses> losses(
        module, "Losses", "Messages that did not reach a slot, by cause, since it was created.");
    py::list causes;
    for (const LossCause& cause : kLossCauses) {
        losses.def_readonly(cause.name.data(), cause.count, cause.help.data());
        causes.append(py::str(cause.name.data()));
    }
    module.attr("LOSS_CAUSES") = py::tuple(causes);
    losses.def_property_readonly("total", &Losses::total).def("__repr__", [](const Losses& lost) {
        return "<Losses total=" + std::to_string(lost.total()) + ">";
    });
    py::class_<SlotInfo>(module, "SlotInfo", "A slot: sizes in bytes, times in milliseconds.")
        .def_property_readonly("name", [](const SlotInfo& info) { return decode_text(info.name); })
        .def_readonly("reader_pid", &SlotInfo::reader_pid)
        .def_readonly("max_message_bytes", &SlotInfo::max_message_bytes)
        .def_readonly("max_bytes", &SlotInfo::max_bytes)
        .def_readonly("max_messages", &SlotInfo::max_messages)
        .def_property_readonly("when_full",
                               [](const SlotInfo& info) {
                                   return info.when_full == WhenFull::drop_oldest ? "drop_oldest"
                                                                                  : "refuse";
                               })
        .def_property_readonly("require",
                               [](const SlotInfo& info) { return word_of(info.require); })
        .def_property_readonly("order",
                               [](const SlotInfo& info) {
                                   return info.order == Order::as_it_comes ? "as_it_comes" : "kept";
                               })
        .def_readonly("next_message_bytes", &SlotInfo::next_message_bytes)
        .def_readonly("messages", &SlotInfo::messages)
        .def_readonly("bytes", &SlotInfo::bytes)
        .def_readonly("received", &SlotInfo::received)
        .def_readonly("received_bytes", &SlotInfo::received_bytes)
        .def_readonly("repeats", &SlotInfo::repeats)
        .def_readonly("senders", &SlotInfo::senders)
        .def_readonly("senders_forgotten", &SlotInfo::senders_forgotten)
        .def_property_readonly("timeout_ms",
                               [](const SlotInfo& info) { return info.read_timeout.count(); })
        .def_readonly("lost", &SlotInfo::lost)
        .def("__repr__", [](const SlotInfo& info) {
            return "<SlotInfo " + info.name + " messages=" + std::to_string(info.messages) +
                   " received=" + std::to_string(info.received) +
                   " lost=" + std::to_string(info.lost.total()) + ">";
        });
}

void define_machines(py::module_& module) {
    py::class_<Machine>(module, "Machine", "A machine that has slots.")
        .def_property_readonly(
            "host", [](const Machine& m) { return decode_text(m.host); }, "The machine's own name.")
        .def_readonly("address", &Machine::address,
                      "The machine's address. Empty for this machine.")
        .def_property_readonly(
            "slots",
            [](const Machine& m) {
                py::list names;
                for (const std::string& name : m.slots) names.append(decode_text(name));
                return names;
            },
            "Names of the slots, as their readers wrote them.")
        .def_readonly("total", &Machine::total,
                      "Number of matching slots. More than in slots if the time ran out.")
        .def("__repr__", [](const Machine& m) {
            return "<Machine " + m.host + " slots=" + std::to_string(m.slots.size()) + ">";
        });
}

void define_senders(py::module_& module) {
    py::class_<SenderInfo>(module, "SenderInfo",
                           "A writer on another machine, as known to this machine's post office.")
        .def_readonly("origin", &SenderInfo::origin)
        .def_property_readonly("from_host",
                               [](const SenderInfo& info) { return decode_text(info.from_host); })
        .def_readonly("from_address", &SenderInfo::from_address)
        .def_readonly("received", &SenderInfo::received)
        .def_readonly("repeats", &SenderInfo::repeats)
        .def_readonly("lost", &SenderInfo::lost)
        .def_readonly("lost_untold", &SenderInfo::lost_untold)
        .def_readonly("told_then_arrived", &SenderInfo::told_then_arrived)
        .def_property_readonly("last_heard",
                               [](const SenderInfo& info) { return time_of(info.last_heard); })
        .def("__repr__", [](const SenderInfo& info) {
            return "<SenderInfo " + info.from_host + " received=" + std::to_string(info.received) +
                   " lost=" + std::to_string(info.lost.total()) + ">";
        });
}

}  // namespace

void define_slot_info(py::module_& module) {
    define_slots(module);
    define_machines(module);
    define_senders(module);
}

}  // namespace mailslot::python
