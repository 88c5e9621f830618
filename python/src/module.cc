// The module mailslot._mailslot: the library's two ends for Python. Documented in
// python/mailslot/_mailslot.pyi. Programs use mailslot.ipc.
#include <pybind11/pybind11.h>
#include <pybind11/stl.h>

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "ends.h"
#include "errors.h"
#include "fast_calls.h"
#include "mailslot/discovery.h"
#include "mailslot/mailslot.h"
#include "message.h"
#include "slot_info.h"
#include "values.h"
#include "waiting.h"

namespace py = pybind11;

namespace mailslot::python {
namespace {

constexpr const char* kOneInterpreter =
    "mailslot works only in the first interpreter of a process, and this is another interpreter. "
    "Under Apache with mod_wsgi, set: WSGIApplicationGroup %{GLOBAL} (docs/python.md, "
    "\"Interpreters\")";

WhenFull policy_of(const std::string& word) {
    if (word == "refuse") return WhenFull::refuse;
    if (word == "drop_oldest") return WhenFull::drop_oldest;
    throw py::value_error("when_full must be \"refuse\" or \"drop_oldest\"");
}

Order order_of(const std::string& word) {
    if (word == "kept") return Order::kept;
    if (word == "as_it_comes") return Order::as_it_comes;
    throw py::value_error("order must be \"kept\" or \"as_it_comes\"");
}

Access access_of(const std::string& word) {
    if (word == "owner") return Access::owner;
    if (word == "group") return Access::group;
    if (word == "everybody") return Access::everybody;
    throw py::value_error("access must be \"owner\", \"group\" or \"everybody\"");
}

std::optional<Trust> trust_of(const std::optional<std::string>& word) {
    if (!word) return std::nullopt;
    if (*word == "none") return Trust::none;
    if (*word == "domain") return Trust::domain;
    if (*word == "local") return Trust::local;
    throw py::value_error("require must be \"none\", \"domain\" or \"local\"");
}

std::vector<SlotInfo> list_slots() {
    auto slots = ask_with_signals([](Interrupted interrupted) { return list(interrupted); });
    if (!slots) raise(slots.error());
    return std::move(*slots);
}

SlotInfo slot_info(const std::string& name) {
    auto found = ask_with_signals([&](Interrupted interrupted) { return info(name, interrupted); });
    if (!found) raise(found.error());
    return std::move(*found);
}

std::vector<SenderInfo> slot_senders(const std::string& name) {
    auto found =
        ask_with_signals([&](Interrupted interrupted) { return senders(name, interrupted); });
    if (!found) raise(found.error());
    return std::move(*found);
}

std::string canonical_of(const std::string& address) {
    auto text = canonical(address);
    if (!text) raise(text.error());
    return std::move(*text);
}

// Runs handlers during a search, which holds nothing and must not start again. Call without the
// interpreter lock.
bool run_handlers_now() {
    const PyGILState_STATE state = PyGILState_Ensure();
    const bool has_raised = PyErr_CheckSignals() != 0;  // the exception stays set in this thread
    PyGILState_Release(state);
    return has_raised;
}

std::vector<Machine> found(Result<Found> result) {
    if (!result) raise(result.error());
    if (result->network_error && result->machines.empty()) raise(*result->network_error);
    return std::move(result->machines);
}

std::vector<Machine> readers_of(const std::string& name, double timeout_ms) {
    return found(unlocked([&] {
        return find_readers(name, {timeout_of(timeout_ms), 0, run_handlers_now});
    }));
}

std::vector<Machine> all_slots(double timeout_ms) {
    return found(unlocked([&] {
        return find_slots({timeout_of(timeout_ms), 0, run_handlers_now});
    }));
}

py::object loads(const py::buffer& data) {
    const Outgoing bytes(py::memoryview(data), false);
    bool sound = false;
    py::object value = decode_plain(bytes.data(), sound);
    if (!sound) throw py::value_error("these bytes are not a plain value");
    return value;
}

void define_reader(py::module_& module) {
    py::class_<PyReader>(module, "Reader",
                         R"(The reader of a slot of this machine, with all its options.

name               NAME or \\.\mailslot\NAME
max_message_bytes  largest message; 0: as large as max_bytes allows
max_bytes          limit of the bytes of all waiting messages
max_messages       limit of waiting messages
when_full          "refuse": new messages are refused. "drop_oldest": the oldest are dropped, and the writer's next lost_before counts them
timeout_ms         wait of a get without a time of its own, in milliseconds; -1: for ever
access, group      users of this machine who may write: "owner", "group" (a group id, or this process's), "everybody"
require            messages with less trust are refused: "none", "domain" (sealed with a key) or "local"; None: as in the settings
order              "kept": a message from the network that overtook another waits for it up to 20 ms; "as_it_comes": no message waits
marshalled         messages of unknown format (classic) are read as plain values

Errors: x_mailslot_invalid_name, x_mailslot_exists, x_access_denied, x_mailslot.
Threads: any; waits leave the interpreter lock free. Fork: the reader does not work in a child.)")
        .def(py::init([](const std::string& name, std::size_t max_message_bytes,
                         std::size_t max_bytes, std::size_t max_messages,
                         const std::string& when_full, double timeout_ms, const std::string& access,
                         std::optional<std::uint32_t> group, bool marshalled,
                         const std::optional<std::string>& require, const std::string& order) {
                 return std::make_unique<PyReader>(
                     name,
                     SlotOptions{max_message_bytes, max_bytes, max_messages, policy_of(when_full),
                                 timeout_of(timeout_ms), access_of(access), group,
                                 trust_of(require), order_of(order)},
                     marshalled);
             }),
             py::arg("name"), py::kw_only(),
             py::arg("max_message_bytes") = SlotOptions().max_message_bytes,
             py::arg("max_bytes") = SlotOptions().max_bytes,
             py::arg("max_messages") = SlotOptions().max_messages, py::arg("when_full") = "refuse",
             py::arg("timeout_ms") = -1, py::arg("access") = "owner", py::arg("group") = py::none(),
             py::arg("marshalled") = true, py::arg("require") = py::none(),
             py::arg("order") = "kept")
        .def(
            "get", [](PyReader& self, const Milliseconds& ms) { return self.get(timeout_of(ms)); },
            py::arg("timeout_ms") = py::none(),
            "Takes the oldest message and returns its value. Waits timeout_ms milliseconds. -1: "
            "for "
            "ever. None: the slot's own time. "
            "Errors: x_mailslot_empty, x_mailslot_closed, and exceptions of signal handlers.")
        .def(
            "get_message",
            [](PyReader& self, const Milliseconds& ms) { return self.get_message(timeout_of(ms)); },
            py::arg("timeout_ms") = py::none(),
            "Like get, but returns the message with its envelope: a Message.")
        .def("info", &PyReader::info,
             "Returns sizes, counters and losses of the same moment: a SlotInfo.")
        .def("qsize", &PyReader::qsize, "Returns the exact number of waiting messages.")
        .def("empty", &PyReader::empty, "Returns whether no message waits.")
        .def("full", &PyReader::full, "Returns whether max_bytes or max_messages is used up.")
        .def(
            "fileno", &PyReader::fileno,
            "Returns a descriptor that is readable exactly while a message waits. Only for select, "
            "poll and the like: do not read or close it. Errors: x_mailslot_closed, x_mailslot.")
        .def("network_error", &PyReader::network_error,
             "Returns the reason why this slot gets no messages from other machines, as an "
             "exception "
             "that is not raised. None: it gets them.")
        .def("close", &PyReader::close,
             "Frees the name. Waiting threads get x_mailslot_closed. Closing again has no effect.")
        .def_property_readonly("name", &PyReader::name)
        .def_property("timeout_ms", &PyReader::timeout_ms, &PyReader::set_timeout_ms);
}

void define_writer(py::module_& module) {
    py::class_<PyWriter>(
        module, "Writer",
        R"(A writer to a slot on this machine, on a host, in a domain, or everywhere (address: as Mailslot's name).

wait_for_address_ms  wait of the first put to a host for the host's address, in milliseconds
wait_for_others_ms   wait for a stopped process of this machine: the reader, or a writer in the middle of a put
marshalled           values other than text and bytes can be put

Errors: x_mailslot_invalid_name, x_mailslot; for a slot of this machine also x_not_found, x_access_denied.
Threads: any. Fork: works in the child as a new sender.)")
        .def(py::init<const std::string&, double, double, bool>(), py::arg("address"),
             py::kw_only(),
             py::arg("wait_for_address_ms") = WriterOptions().wait_for_address.count(),
             py::arg("wait_for_others_ms") = WriterOptions().wait_for_others.count(),
             py::arg("marshalled") = true)
        .def(
            "put", &PyWriter::put, py::arg("value"), py::arg("timeout_ms") = 0,
            py::arg("labels") = py::none(), py::arg("unknown_format") = false,
            "Puts a message. Waits timeout_ms milliseconds for room in a full slot of this machine "
            "(-1: for ever). "
            "labels: texts by name. unknown_format: does not say the format, as in classic "
            "mailslots. "
            "Errors: as Mailslot.put.")
        .def("put_many", &PyWriter::put_many, py::arg("values"), py::arg("timeout_ms") = 0,
             py::arg("labels") = py::none(),
             "Puts messages in order, at a lower cost each. Returns how many were put: all, unless "
             "an "
             "error stopped the rest. An error of the first message is raised.")
        .def("info", &PyWriter::info,
             "Returns a SlotInfo for a slot of this machine. Errors: x_not_found, "
             "x_mailslot_invalid_use.")
        .def("close", &PyWriter::close,
             "Closes the writer. Messages that were put stay in the slot. Closing again has no "
             "effect.")
        .def_property_readonly("address", &PyWriter::address)
        .def_property_readonly("origin", &PyWriter::origin);
}

void define(py::module_& module) {
    module.doc() = "The C++ library of mailslot; programs use mailslot.ipc.";
    module.attr("__version__") = MAILSLOT_VERSION;
    define_message(module);
    define_slot_info(module);
    define_reader(module);
    define_writer(module);
    define_fast_calls(module);
    module.def("list_slots", &list_slots,
               "Returns the slots of this machine that this user may see: a list of SlotInfo.");
    module.def("slot_info", &slot_info, py::arg("name"),
               "Returns the SlotInfo of a slot of this machine. Errors: x_not_found, "
               "x_mailslot_invalid_name, x_access_denied.");
    module.def(
        "find_readers", &readers_of, py::arg("name"), py::arg("timeout_ms") = 500,
        "Returns machines that answer and have a reader of this name, this one first: a list of "
        "Machine. Errors: x_mailslot_invalid_name, x_mailslot.");
    module.def(
        "find_slots", &all_slots, py::arg("timeout_ms") = 500,
        "Returns all slots of all machines that answer: a list of Machine. Errors: x_mailslot.");
    module.def(
        "slot_senders", &slot_senders, py::arg("name"),
        "Returns the writers on other machines whose messages the slot got: a list of SenderInfo. "
        "Errors: as slot_info, and x_mailslot if this machine has no post office at the moment.");
    module.def("canonical", &canonical_of, py::arg("address"),
               "Returns an address as the library writes it. Errors: x_mailslot_invalid_name.");
    module.def(
        "dumps", [](const py::object& value) { return py::bytes(encode_plain(value)); },
        py::arg("value"),
        "Returns a plain value as bytes. Errors: x_mailslot_message_too_complex.");
    module.def("loads", &loads, py::arg("data"),
               "Returns the plain value of bytes, also those of marshal. Errors: ValueError.");
}

// Fills a new module object. pybind11's types exist once in a process, for the first interpreter.
// Another interpreter would wait for a lock that it never gets.
int fill_module(PyObject* object) {
    if (PyInterpreterState_Get() != PyInterpreterState_Main()) {
        PyErr_SetString(PyExc_ImportError, kOneInterpreter);
        return -1;
    }
    try {
        static PyObject* contents = nullptr;  // contents of the first module, for repeated imports
        auto module = py::reinterpret_borrow<py::module_>(object);
        if (contents != nullptr) return PyDict_Merge(PyModule_GetDict(object), contents, 0);
        py::detail::get_internals();
        define(module);
        contents = PyDict_Copy(PyModule_GetDict(object));
        return contents == nullptr ? -1 : 0;
    } catch (py::error_already_set& raised) {
        raised.restore();
    } catch (const std::exception& failed) {
        PyErr_SetString(PyExc_ImportError, failed.what());
    }
    return -1;
}

}  // namespace
}  // namespace mailslot::python

// Two phases (PEP 489), so that every interpreter that imports the module is seen. With
// PYBIND11_MODULE, a second interpreter would get a copy of the first module.
extern "C" PYBIND11_EXPORT PyObject* PyInit__mailslot() {
    static PyModuleDef_Slot slots[] = {
        {Py_mod_exec, reinterpret_cast<void*>(mailslot::python::fill_module)}, {0, nullptr}};
    static PyModuleDef definition = {
        PyModuleDef_HEAD_INIT, "_mailslot", nullptr, 0, nullptr, slots, nullptr, nullptr, nullptr};
    return PyModuleDef_Init(&definition);
}
