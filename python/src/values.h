// Converts messages to Python objects and back: str is text, bytes are bytes, other plain values
// are Format::value (docs/protocol/value.md). Call with the interpreter lock held.
#pragma once

#include <pybind11/pybind11.h>

#include <string>
#include <string_view>

#include "mailslot/mailslot.h"

namespace mailslot::python {

// Returns a payload of another form than its format claims as bytes, because a stranger's message
// must not raise. `marshalled`: a message of unknown format is tried as a plain value first.
pybind11::object to_python(std::string_view data, Format format, bool marshalled);

// Decodes a plain value. Returns null with a Python error set: MemoryError. `sound`: whether the
// data was a plain value.
pybind11::object decode_plain(std::string_view data, bool& sound);
pybind11::object decode_text(std::string_view utf8);  // bytes that are not UTF-8 become U+FFFD

// The bytes of an outgoing message, borrowed from the object if possible.
class Outgoing {
public:
    // Without `marshalled`, takes only text and bytes. Raises x_mailslot_message_too_complex.
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

// Returns the encoding as a plain value, for any type. Raises x_mailslot_message_too_complex.
std::string encode_plain(pybind11::handle value);

}  // namespace mailslot::python
