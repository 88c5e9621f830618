#include "values.h"

#include <cstring>
#include <utility>
#include <vector>

#include "errors.h"
#include "mailslot/value.h"

namespace py = pybind11;

namespace mailslot::python {
namespace {

// --- Bytes to objects

// Builds the decoded object. A call that returns false has set a Python error.
class Builder final : public ValueSink {
public:
    py::object result() { return std::move(result_); }

    bool null() override { return add(py::none()); }
    bool boolean(bool value) override { return add(py::bool_(value)); }
    bool integer(std::int64_t value) override { return add_new(PyLong_FromLongLong(value)); }
    bool big_integer(bool negative, std::span<const std::byte> magnitude) override {
        const py::object bytes = py::reinterpret_steal<py::object>(
            PyBytes_FromStringAndSize(reinterpret_cast<const char*>(magnitude.data()),
                                      static_cast<Py_ssize_t>(magnitude.size())));
        if (!bytes) return false;
        auto* const type = reinterpret_cast<PyObject*>(&PyLong_Type);
        const py::object value = py::reinterpret_steal<py::object>(
            PyObject_CallMethod(type, "from_bytes", "Os", bytes.ptr(), "little"));
        if (!value) return false;
        return negative ? add_new(PyNumber_Negative(value.ptr())) : add(value);
    }
    bool real(double value) override { return add_new(PyFloat_FromDouble(value)); }
    bool complex(double re, double im) override { return add_new(PyComplex_FromDoubles(re, im)); }
    bool text(std::string_view utf8) override {
        return add_new(PyUnicode_DecodeUTF8(utf8.data(), static_cast<Py_ssize_t>(utf8.size()),
                                            "surrogatepass"));
    }
    bool bytes(std::span<const std::byte> value) override {
        return add_new(PyBytes_FromStringAndSize(reinterpret_cast<const char*>(value.data()),
                                                 static_cast<Py_ssize_t>(value.size())));
    }

    bool begin_tuple(std::size_t items) override {
        return open(Kind::tuple, PyTuple_New(static_cast<Py_ssize_t>(items)));
    }
    bool begin_list(std::size_t items) override {
        return open(Kind::list, PyList_New(static_cast<Py_ssize_t>(items)));
    }
    bool begin_set(std::size_t) override { return open(Kind::set, PySet_New(nullptr)); }
    bool begin_frozenset(std::size_t) override { return open(Kind::set, PyFrozenSet_New(nullptr)); }
    bool begin_dict() override { return open(Kind::dict, PyDict_New()); }
    bool end() override {
        py::object whole = std::move(open_.back().container);
        open_.pop_back();
        return add(std::move(whole));
    }

private:
    enum class Kind { tuple, list, set, dict };
    struct Level {
        Kind kind;
        py::object container;
        Py_ssize_t filled = 0;
        py::object key{};  // key of a dict that waits for its value
    };

    bool open(Kind kind, PyObject* container) {
        if (container == nullptr) return false;
        open_.push_back({kind, py::reinterpret_steal<py::object>(container)});
        return true;
    }
    bool add_new(PyObject* item) {
        return item != nullptr && add(py::reinterpret_steal<py::object>(item));
    }
    bool add(py::object item) {
        if (open_.empty()) {
            result_ = std::move(item);
            return true;
        }
        Level& level = open_.back();
        PyObject* const container = level.container.ptr();
        switch (level.kind) {
            case Kind::tuple:
                PyTuple_SET_ITEM(container, level.filled++, item.release().ptr());
                return true;
            case Kind::list:
                PyList_SET_ITEM(container, level.filled++, item.release().ptr());
                return true;
            case Kind::set:
                return PySet_Add(container, item.ptr()) == 0;
            case Kind::dict:
                break;
        }
        if (!level.key) {
            level.key = std::move(item);
            return true;
        }
        const py::object key = std::move(level.key);
        return PyDict_SetItem(container, key.ptr(), item.ptr()) == 0;
    }

    std::vector<Level> open_;
    py::object result_;
};

py::object make_bytes(std::string_view data) { return py::bytes(data.data(), data.size()); }

// --- Objects to bytes

[[noreturn]] void refuse(py::handle value, const char* why) {
    raise_too_complex(std::string("a value of type ") + Py_TYPE(value.ptr())->tp_name + why);
}

// Passes an object to a ValueWriter. Subclasses are written as the plain type below them.
class Teller {
public:
    explicit Teller(ValueWriter& out) : out_(out) {}

    // Writes a value. Raises x_mailslot_message_too_complex. Keeps a reference, because a finalizer
    // may run meanwhile and remove the value from its container.
    void tell(py::handle value) {
        const py::object kept = py::reinterpret_borrow<py::object>(value);
        PyObject* const object = value.ptr();
        bool done = false;
        if (object == Py_None) {
            done = out_.null();
        } else if (PyBool_Check(object)) {
            done = out_.boolean(object == Py_True);
        } else if (PyLong_Check(object)) {
            done = tell_integer(value);
        } else if (PyFloat_Check(object)) {
            done = out_.real(PyFloat_AS_DOUBLE(object));
        } else if (PyComplex_Check(object)) {
            done = out_.complex(PyComplex_RealAsDouble(object), PyComplex_ImagAsDouble(object));
        } else if (PyUnicode_Check(object)) {
            done = tell_text(value);
        } else if (PyBytes_Check(object)) {
            done = out_.bytes(std::as_bytes(std::span(
                PyBytes_AS_STRING(object), static_cast<std::size_t>(PyBytes_GET_SIZE(object)))));
        } else {
            done = tell_container(value);
        }
        if (!done) refuse(value, (": " + std::string(out_.problem())).c_str());
    }

private:
    bool tell_integer(py::handle value) {
        int overflow = 0;
        const long long small = PyLong_AsLongLongAndOverflow(value.ptr(), &overflow);
        if (overflow == 0) return out_.integer(small);
        // int's own methods, because a subclass's methods might change anything, including
        // the value.
        const py::object magnitude = py::type::of(py::int_()).attr("__abs__")(value);
        const auto bits = magnitude.attr("bit_length")().cast<std::size_t>();
        const py::bytes bytes = magnitude.attr("to_bytes")((bits + 7) / 8, "little");
        return out_.big_integer(overflow < 0, std::as_bytes(std::span(std::string_view(bytes))));
    }

    bool tell_text(py::handle value) {
        Py_ssize_t size = 0;
        const char* const utf8 = PyUnicode_AsUTF8AndSize(value.ptr(), &size);
        if (utf8 != nullptr) return out_.text({utf8, static_cast<std::size_t>(size)});
        PyErr_Clear();  // surrogates
        const py::object bytes = py::reinterpret_steal<py::object>(
            PyUnicode_AsEncodedString(value.ptr(), "utf-8", "surrogatepass"));
        if (!bytes) throw py::error_already_set();
        return out_.text({PyBytes_AS_STRING(bytes.ptr()),
                          static_cast<std::size_t>(PyBytes_GET_SIZE(bytes.ptr()))});
    }

    bool tell_container(py::handle value) {
        PyObject* const object = value.ptr();
        if (PyTuple_Check(object)) {
            const Py_ssize_t size = PyTuple_GET_SIZE(object);
            if (!out_.begin_tuple(static_cast<std::size_t>(size))) return false;
            for (Py_ssize_t i = 0; i < size; ++i) tell(PyTuple_GET_ITEM(object, i));
        } else if (PyList_Check(object)) {
            const Py_ssize_t size = PyList_GET_SIZE(object);
            if (!out_.begin_list(static_cast<std::size_t>(size))) return false;
            for (Py_ssize_t i = 0; i < size && i < PyList_GET_SIZE(object); ++i) {
                tell(PyList_GET_ITEM(object, i));
            }
            if (PyList_GET_SIZE(object) != size) refuse(value, " changed while it was put");
        } else if (PyDict_Check(object)) {
            if (!out_.begin_dict()) return false;
            Py_ssize_t at = 0;
            PyObject *key = nullptr, *item = nullptr;
            while (PyDict_Next(object, &at, &key, &item) != 0) {
                const py::object kept = py::reinterpret_borrow<py::object>(item);
                tell(key);
                tell(item);
            }
        } else if (PyAnySet_Check(object)) {
            const auto size = static_cast<std::size_t>(PySet_GET_SIZE(object));
            const bool frozen =
                PyObject_IsInstance(object, reinterpret_cast<PyObject*>(&PyFrozenSet_Type)) == 1;
            if (!(frozen ? out_.begin_frozenset(size) : out_.begin_set(size))) return false;
            const py::object plain = py::reinterpret_steal<py::object>(PyFrozenSet_New(object));
            if (!plain) throw py::error_already_set();
            for (const py::handle item : plain) tell(item);
        } else if (PyByteArray_Check(object) || PyMemoryView_Check(object)) {
            const Outgoing bytes(value, false);
            return out_.bytes(std::as_bytes(std::span(bytes.data())));
        } else {
            refuse(value,
                   " is not a plain value: use text, bytes, None, numbers, or tuples, lists, dicts "
                   "and sets of these");
        }
        return out_.end();
    }

    ValueWriter& out_;
};

}  // namespace

py::object decode_text(std::string_view utf8) {
    PyObject* const text =
        PyUnicode_DecodeUTF8(utf8.data(), static_cast<Py_ssize_t>(utf8.size()), "replace");
    if (text == nullptr) throw py::error_already_set();
    return py::reinterpret_steal<py::object>(text);
}

py::object decode_plain(std::string_view data, bool& sound) {
    Builder builder;
    const auto decoded = decode_value(std::as_bytes(std::span(data)), builder);
    if (PyErr_Occurred() != nullptr) throw py::error_already_set();
    sound = decoded.has_value();
    return sound ? builder.result() : py::object();
}

py::object to_python(std::string_view data, Format format, bool marshalled) {
    if (format == Format::text) return decode_text(data);
    if (format == Format::value || (format == Format::unknown && marshalled)) {
        bool sound = false;
        if (py::object value = decode_plain(data, sound); sound) return value;
    }
    return make_bytes(data);
}

std::string encode_plain(py::handle value) {
    std::string out;
    ValueWriter writer(out);
    Teller(writer).tell(value);
    return out;
}

Outgoing::Outgoing(py::handle value, bool marshalled) {
    PyObject* const object = value.ptr();
    if (PyUnicode_Check(object)) {
        Py_ssize_t size = 0;
        if (const char* const utf8 = PyUnicode_AsUTF8AndSize(object, &size)) {
            format_ = Format::text;
            borrowed_ = {utf8, static_cast<std::size_t>(size)};
            return;
        }
        PyErr_Clear();  // surrogates: not text, but a plain value
    } else if (PyBytes_Check(object)) {
        format_ = Format::bytes;
        borrowed_ = {PyBytes_AS_STRING(object), static_cast<std::size_t>(PyBytes_GET_SIZE(object))};
        return;
    } else if (PyByteArray_Check(object) || PyMemoryView_Check(object)) {
        format_ = Format::bytes;
        if (PyObject_GetBuffer(object, &buffer_, PyBUF_SIMPLE) != 0) {
            PyErr_Clear();
            refuse(value, " is not contiguous: give bytes(...) of it");
        }
        holds_buffer_ = true;
        borrowed_ = {static_cast<const char*>(buffer_.buf), static_cast<std::size_t>(buffer_.len)};
        return;
    }
    if (!marshalled) refuse(value, " cannot be put without a serialiser: only text and bytes can");
    own_ = encode_plain(value);
}

Outgoing::Outgoing(Outgoing&& other) noexcept
    : format_(other.format_),
      borrowed_(other.borrowed_),
      own_(std::move(other.own_)),
      buffer_(other.buffer_),
      holds_buffer_(std::exchange(other.holds_buffer_, false)) {}

Outgoing::~Outgoing() {
    if (holds_buffer_) PyBuffer_Release(&buffer_);
}

}  // namespace mailslot::python
