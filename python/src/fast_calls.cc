// Fast versions of the usual calls, written against Python's C API. A call by pybind11 costs more
// than the library's part of a put (docs/lab/0006-python-calls.md), because pybind11 looks up
// types, converts each argument and may try further overloads. The functions here recognise calls
// with text or bytes and few arguments, and do them at once. Any other call, including calls with
// wrong arguments, goes the general way with nothing done: to pybind11's function, or to
// mailslot.ipc's in Python. Call all functions with the interpreter lock held.
#include "fast_calls.h"

#include <array>
#include <cstddef>
#include <exception>
#include <new>
#include <optional>
#include <span>
#include <string_view>

#include "direct_method.h"
#include "ends.h"

namespace py = pybind11;

namespace mailslot::python {
namespace {

// Calls `doing`. The library's exceptions become Python errors.
template <class Do>
Answer answer_of(const Do& doing) {
    try {
        return doing();
    } catch (py::error_already_set& raised) {
        raised.restore();
    } catch (const py::builtin_exception& ours) {
        ours.set_error();
    } catch (const std::bad_alloc&) {
        PyErr_NoMemory();
    } catch (const std::exception& other) {
        PyErr_SetString(PyExc_RuntimeError, other.what());
    }
    return nullptr;
}

PyObject* new_none() {
    Py_INCREF(Py_None);
    return Py_None;
}

// --- Arguments of a call

PyObject* interned(const char* name) {
    PyObject* const made = PyUnicode_InternFromString(name);
    if (made == nullptr) throw py::error_already_set();
    return made;
}

// Names of a method's parameters without `self`. All but the last `named_only` may be positional.
template <std::size_t Count>
struct Parameters {
    std::array<PyObject*, Count> names;
    std::size_t named_only;
};

// Returns each parameter's argument, null if missing. Returns nullopt for an unusual call. Names in
// calls are interned; calls with other names go the general way.
template <std::size_t Count>
std::optional<std::array<PyObject*, Count>> given(const Parameters<Count>& parameters,
                                                  const Arguments& call) {
    std::array<PyObject*, Count> places{};
    if (call.positional - 1 > Count - parameters.named_only) return std::nullopt;
    for (std::size_t i = 1; i < call.positional; ++i) places[i - 1] = call.values[i];
    if (call.names == nullptr) return places;
    const auto named = static_cast<std::size_t>(PyTuple_GET_SIZE(call.names));
    for (std::size_t i = 0; i < named; ++i) {
        PyObject* const name = PyTuple_GET_ITEM(call.names, static_cast<Py_ssize_t>(i));
        std::size_t at = 0;
        while (at < Count && parameters.names[at] != name) ++at;
        if (at == Count || places[at] != nullptr) return std::nullopt;
        places[at] = call.values[call.positional + i];
    }
    return places;
}

bool is_absent(PyObject* argument) { return argument == nullptr || argument == Py_None; }

// Returns a number of milliseconds, or nullopt for another kind of object.
std::optional<Timeout> milliseconds(PyObject* number) {
    if (PyLong_CheckExact(number)) {
        int overflow = 0;
        const long value = PyLong_AsLongAndOverflow(number, &overflow);
        if (overflow == 0) return timeout_of(static_cast<double>(value));
    } else if (PyFloat_CheckExact(number) && PyFloat_AS_DOUBLE(number) >= 0) {
        return timeout_of(PyFloat_AS_DOUBLE(number));
    }
    return std::nullopt;
}

// Returns True or False as bool, `otherwise` for a missing argument, or nullopt for another kind
// of object.
std::optional<bool> truth(PyObject* argument, bool otherwise) {
    if (argument == nullptr) return otherwise;
    if (argument == Py_True) return true;
    if (argument == Py_False) return false;
    return std::nullopt;
}

// Text or bytes as stored in a message.
struct Data {
    std::string_view bytes;
    Format format;
};
std::optional<Data> data_of(PyObject* value) {
    if (PyBytes_Check(value)) {
        return Data{{PyBytes_AS_STRING(value), static_cast<std::size_t>(PyBytes_GET_SIZE(value))},
                    Format::bytes};
    }
    if (!PyUnicode_Check(value)) return std::nullopt;
    Py_ssize_t size = 0;
    const char* const utf8 = PyUnicode_AsUTF8AndSize(value, &size);
    if (utf8 != nullptr) return Data{{utf8, static_cast<std::size_t>(size)}, Format::text};
    PyErr_Clear();  // surrogates
    return std::nullopt;
}

// A few labels without heap memory. Holds references to their texts, because another thread may
// change the dict.
struct FewLabels {
    std::array<Label, 8> labels;
    std::array<PyObject*, 16> texts;  // references to release
    std::size_t count = 0;

    FewLabels() = default;
    FewLabels(const FewLabels&) = delete;
    FewLabels& operator=(const FewLabels&) = delete;
    ~FewLabels() {
        for (std::size_t i = 0; i < 2 * count; ++i) Py_DECREF(texts[i]);
    }

    // Returns false for unusual labels.
    bool add(PyObject* dict) {
        if (!PyDict_CheckExact(dict)) return false;
        Py_ssize_t at = 0;
        PyObject *name = nullptr, *value = nullptr;
        while (PyDict_Next(dict, &at, &name, &value) != 0) {
            if (count == labels.size() || !PyUnicode_Check(name) || !PyUnicode_Check(value))
                return false;
            const auto first = data_of(name), second = data_of(value);
            if (!first || !second) return false;
            Py_INCREF(name);
            Py_INCREF(value);
            texts[2 * count] = name;
            texts[2 * count + 1] = value;
            labels[count++] = {first->bytes, second->bytes};
        }
        return true;
    }
};

Answer put(PyWriter& writer, const Data& data, PyObject* labels, Timeout timeout) {
    const auto put_with = [&](std::span<const Label> with) {
        return answer_of([&] {
            writer.put_data(data.bytes, data.format, with, timeout);
            return new_none();
        });
    };
    if (is_absent(labels)) return put_with({});
    FewLabels few;
    if (!few.add(labels)) return std::nullopt;
    return put_with(std::span(few.labels).first(few.count));
}

Answer get(PyReader& reader, Timeout timeout) {
    return answer_of([&] { return reader.get(timeout).release().ptr(); });
}

// --- mailslot.Reader and mailslot.Writer

// Returns the C++ object inside pybind11's. Null if the type differs or the object was
// not initialised.
template <class End>
End* end_in(PyObject* object) {
    static PyTypeObject* const type =
        reinterpret_cast<PyTypeObject*>(py::type::of<End>().release().ptr());
    if (Py_TYPE(object) != type) return nullptr;  // a subclass may hold several C++ objects
    auto* const instance = reinterpret_cast<py::detail::instance*>(object);
    return static_cast<End*>(instance->get_value_and_holder().value_ptr());
}

Answer put_to_writer(const Arguments& call) {
    static const Parameters<4> parameters{
        {interned("value"), interned("timeout_ms"), interned("labels"), interned("unknown_format")},
        0};
    if (call.positional == 0) return std::nullopt;
    PyWriter* const writer = end_in<PyWriter>(call.values[0]);
    const auto places = writer == nullptr ? std::nullopt : given(parameters, call);
    if (!places) return std::nullopt;
    const auto [value, timeout_ms, labels, unknown_format] = *places;
    if (value == nullptr || (unknown_format != nullptr && unknown_format != Py_False))
        return std::nullopt;
    const auto timeout = timeout_ms == nullptr ? Timeout(0) : milliseconds(timeout_ms);
    const auto data = timeout ? data_of(value) : std::nullopt;
    if (!data) return std::nullopt;
    return put(*writer, *data, labels, *timeout);
}

Answer get_from_reader(const Arguments& call) {
    static const Parameters<1> parameters{{interned("timeout_ms")}, 0};
    if (call.positional == 0) return std::nullopt;
    PyReader* const reader = end_in<PyReader>(call.values[0]);
    const auto places = reader == nullptr ? std::nullopt : given(parameters, call);
    if (!places) return std::nullopt;
    PyObject* const timeout_ms = (*places)[0];
    const auto timeout = is_absent(timeout_ms) ? kSlotDefault : milliseconds(timeout_ms);
    if (!timeout) return std::nullopt;
    return get(*reader, *timeout);
}

// --- mailslot.ipc.Mailslot

// First part of every Mailslot: its end, if put or get may use that directly.
struct Ends {
    PyObject_HEAD PyObject* reader_object;
    PyObject* writer_object;
    PyReader* reader;  // inside the objects above
    PyWriter* writer;
};

PyTypeObject* ends_type = nullptr;

Ends* ends_of(const Arguments& call) {
    if (call.positional == 0 || !PyObject_TypeCheck(call.values[0], ends_type)) return nullptr;
    return reinterpret_cast<Ends*>(call.values[0]);
}

Answer put_to_mailslot(const Arguments& call) {
    static const Parameters<5> parameters{
        {interned("data"), interned("block"), interned("timeout_ms"), interned("timeout"),
         interned("labels")},
        2};
    const Ends* const ends = ends_of(call);
    if (ends == nullptr || ends->writer == nullptr) return std::nullopt;
    const auto places = given(parameters, call);
    if (!places) return std::nullopt;
    const auto [value, block, timeout_ms, timeout_s, labels] = *places;
    const auto blocks = truth(block, false);
    if (value == nullptr || !blocks || !is_absent(timeout_s)) return std::nullopt;
    const auto timeout =
        is_absent(timeout_ms) ? (*blocks ? kForever : Timeout(0)) : milliseconds(timeout_ms);
    const auto data = timeout ? data_of(value) : std::nullopt;
    if (!data) return std::nullopt;
    // Another thread may close the Mailslot meanwhile.
    const auto kept = py::reinterpret_borrow<py::object>(ends->writer_object);
    return put(*ends->writer, *data, labels, *timeout);
}

Answer get_from_mailslot(const Arguments& call) {
    static const Parameters<3> parameters{
        {interned("block"), interned("timeout_ms"), interned("timeout")}, 1};
    const Ends* const ends = ends_of(call);
    if (ends == nullptr || ends->reader == nullptr) return std::nullopt;
    const auto places = given(parameters, call);
    if (!places) return std::nullopt;
    const auto [block, timeout_ms, timeout_s] = *places;
    const auto blocks = truth(block, true);
    if (!blocks || !is_absent(timeout_s)) return std::nullopt;
    const auto timeout =
        is_absent(timeout_ms) ? (*blocks ? kSlotDefault : Timeout(0)) : milliseconds(timeout_ms);
    if (!timeout) return std::nullopt;
    const auto kept = py::reinterpret_borrow<py::object>(ends->reader_object);
    return get(*ends->reader, *timeout);
}

// --- The module's parts

template <class End>
End* cast_end(PyObject* object) {
    if (object == Py_None) return nullptr;
    if (!py::isinstance<End>(object)) throw py::type_error("_go_direct: a Reader and a Writer");
    return py::cast<End*>(py::handle(object));
}

PyObject* go_direct(PyObject* object, PyObject* arguments) {
    PyObject *reader = nullptr, *writer = nullptr;
    if (PyArg_ParseTuple(arguments, "OO", &reader, &writer) == 0) return nullptr;
    return *answer_of([&] {
        auto* const ends = reinterpret_cast<Ends*>(object);
        PyReader* const from = cast_end<PyReader>(reader);
        PyWriter* const to = cast_end<PyWriter>(writer);
        ends->reader = from;
        ends->writer = to;
        Py_INCREF(reader);
        Py_XSETREF(ends->reader_object, reader);
        Py_INCREF(writer);
        Py_XSETREF(ends->writer_object, writer);
        return new_none();
    });
}

PyObject* iterate(PyObject* object) {
    Py_INCREF(object);
    return object;
}

// Calls the object's `get`, which may be a subclass's.
PyObject* next_message(PyObject* object) {
    static PyObject* const name = interned("get");
    PyObject* const got = PyObject_CallMethodNoArgs(object, name);
    if (got != nullptr) return got;
    return *answer_of([]() -> PyObject* {
        py::error_already_set raised;
        const py::object closed =
            py::module_::import("mailslot.exceptions").attr("x_mailslot_closed");
        if (!raised.matches(closed)) raised.restore();
        return nullptr;  // null without an error ends the loop
    });
}

void free_ends(PyObject* object) {
    PyTypeObject* const type = Py_TYPE(object);
    auto* const ends = reinterpret_cast<Ends*>(object);
    Py_XDECREF(ends->reader_object);
    Py_XDECREF(ends->writer_object);
    type->tp_free(object);
    Py_DECREF(type);
}

PyTypeObject* make_ends_type() {
    static PyMethodDef methods[] = {
        {"_go_direct", go_direct, METH_VARARGS,
         "_go_direct(reader, writer): get and put use these ends directly. None: they take the "
         "general way."},
        {nullptr, nullptr, 0, nullptr}};
    static PyType_Slot slots[] = {
        {Py_tp_doc, const_cast<char*>("Base class of mailslot.ipc.Mailslot.")},
        {Py_tp_methods, methods},
        {Py_tp_iter, reinterpret_cast<void*>(iterate)},
        {Py_tp_iternext, reinterpret_cast<void*>(next_message)},
        {Py_tp_dealloc, reinterpret_cast<void*>(free_ends)},
        {0, nullptr}};
    static PyType_Spec spec = {"mailslot._mailslot.Ends", sizeof(Ends), 0,
                               Py_TPFLAGS_DEFAULT | Py_TPFLAGS_BASETYPE, slots};
    return reinterpret_cast<PyTypeObject*>(PyType_FromSpec(&spec));
}

PyObject* direct_put(PyObject*, PyObject* general) { return make_method(general, put_to_mailslot); }
PyObject* direct_get(PyObject*, PyObject* general) {
    return make_method(general, get_from_mailslot);
}

void put_before(const py::object& type, const char* name, DirectWay direct) {
    const py::object general = type.attr(name);
    PyObject* const method = make_method(general.ptr(), direct);
    if (method == nullptr) throw py::error_already_set();
    type.attr(name) = py::reinterpret_steal<py::object>(method);
}

}  // namespace

void define_fast_calls(py::module_& module) {
    static PyMethodDef functions[] = {
        {"direct_put", direct_put, METH_O,
         "direct_put(general): returns a method of Ends that does usual puts itself."},
        {"direct_get", direct_get, METH_O,
         "direct_get(general): returns a method of Ends that does usual gets itself."},
        {nullptr, nullptr, 0, nullptr}};
    ends_type = make_ends_type();
    if (ends_type == nullptr) throw py::error_already_set();
    module.attr("Ends") =
        py::reinterpret_borrow<py::object>(reinterpret_cast<PyObject*>(ends_type));
    if (PyModule_AddFunctions(module.ptr(), functions) != 0) throw py::error_already_set();
    put_before(module.attr("Reader"), "get", get_from_reader);
    put_before(module.attr("Writer"), "put", put_to_writer);
}

}  // namespace mailslot::python
