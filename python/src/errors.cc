#include "errors.h"

#include <cerrno>

namespace py = pybind11;

namespace mailslot::python {
namespace {

// Returns the errno of docs/errors.md.
int errno_of(Errc code) {
    switch (code) {
        case Errc::bad_name:
        case Errc::bad_config:
        case Errc::bad_label:
            return EINVAL;
        case Errc::name_too_long:
            return ENAMETOOLONG;
        case Errc::no_such_slot:
            return ENOENT;
        case Errc::slot_exists:
            return EEXIST;
        case Errc::wrong_direction:
            return EBADF;
        case Errc::closed:
            return ESHUTDOWN;
        case Errc::timed_out:
            return ETIMEDOUT;
        case Errc::message_too_big:
            return EMSGSIZE;
        case Errc::slot_full:
            return EAGAIN;
        case Errc::no_permission:
            return EACCES;
        case Errc::no_resources:
            return ENOSPC;
        case Errc::unreachable:
            return ENETUNREACH;
        case Errc::port_taken:
            return EADDRINUSE;
        case Errc::interrupted:
            return EINTR;
        case Errc::bad_packet:
        case Errc::bad_segment:
            return EBADMSG;
    }
    return 0;
}

// Paths and names are bytes from the system. Bytes that are not UTF-8 must not hide the error.
py::object text(const std::string& utf8) {
    return py::reinterpret_steal<py::object>(
        PyUnicode_DecodeUTF8(utf8.data(), static_cast<Py_ssize_t>(utf8.size()), "replace"));
}

py::module_ exceptions() { return py::module_::import("mailslot.exceptions"); }

[[noreturn]] void raise_object(const py::object& exception) {
    PyErr_SetObject(reinterpret_cast<PyObject*>(Py_TYPE(exception.ptr())), exception.ptr());
    throw py::error_already_set();
}

}  // namespace

py::object exception_of(const Error& error) {
    return exceptions().attr("_make")(std::string(to_string(error.code)), errno_of(error.code),
                                      error.step, text(to_string(error)));
}

void raise(const Error& error) {
    // The signal's handler has raised already.
    if (error.code == Errc::interrupted && PyErr_Occurred() != nullptr) {
        throw py::error_already_set();
    }
    raise_object(exception_of(error));
}

void raise_too_complex(const std::string& why) {
    raise_object(exceptions().attr("x_mailslot_message_too_complex")(EINVAL, "put", text(why)));
}

}  // namespace mailslot::python
