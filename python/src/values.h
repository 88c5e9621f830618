// Messages as Python objects, and back: str is text, bytes are bytes, other plain values are
// Format::value (docs/protocol/value.md). With the interpreter lock held.
#pragma once

#include <pybind11/pybind11.h>

#include <string>
#include <string_view>

#include "mailslot/mailslot.h"

namespace mailslot::python {

// What is not what it claims to be comes as bytes: a stranger's message raises nothing.
// `marshalled`: an unlabelled message is tried as a plain value first.
pybind11::object to_python(std::string_view data, Format format, bool marshalled);

// Decodes a plain value. Null, and a Python error is set: MemoryError. `sound`: whether it was one.
pybind11::object decode_plain(std::string_view data, bool& sound);
pybind11::object decode_text(std::string_view utf8);  // what is not UTF-8 becomes U+FFFD

// The bytes of one message on its way out; borrows from the object where it can.
class Outgoing {
public:
    // Without `marshalled` only text and bytes. Raises x_mailslot_message_too_complex.
    Outgoing(pybind11::handle value, bool marshalled);
    ~Outgoing();
    Outgoing(Outgoing&& other) noexcept;
    Outgoing(const Outgoing&) = delete;
    Outgoing& operator=(const Outgoing&) = delete;

    std::string_view data() const { return own_.empty() ? borrowed_ : std::string_view(own_); }
    Format format() const { return format_; }

private:
    Format format_ = Format::value;
    std::string_view borrowed_{};
    std::string own_{};
    Py_buffer buffer_{};
    bool holds_buffer_ = false;
};

// The plain value's encoding, whatever its type. Raises x_mailslot_message_too_complex.
std::string encode_plain(pybind11::handle value);

}  // namespace mailslot::python
