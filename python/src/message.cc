#include "message.h"

#include <algorithm>
#include <chrono>
#include <string>

#include "values.h"

namespace py = pybind11;

namespace mailslot::python {
namespace {

const char* word_of(Format format) {
    switch (format) {
        case Format::bytes:
            return "bytes";
        case Format::text:
            return "text";
        case Format::value:
            return "value";
        case Format::unknown:
            return "unknown";
    }
    return "bytes";
}

py::dict labels_of(const Message& message) {
    py::dict labels;
    for (const Label& label : message.labels()) {
        labels[decode_text(label.name)] = decode_text(label.value);
    }
    return labels;
}

std::string repr(const PyMessage& self) {
    const py::object value = to_python(self.message.text(), self.message.format(), self.marshalled);
    std::string text = py::repr(value).cast<std::string>();
    constexpr std::size_t kMost = 60;
    if (text.size() > kMost) text = std::to_string(self.message.size()) + " bytes";
    const py::object host = decode_text(self.message.from_host());
    return "<Message " + text + " from " + py::repr(host).cast<std::string>() + " number " +
           std::to_string(self.message.sequence()) + ">";
}

}  // namespace

const char* word_of(Trust trust) {
    switch (trust) {
        case Trust::none:
            return "none";
        case Trust::domain:
            return "domain";
        case Trust::local:
            return "local";
    }
    return "none";
}

py::object time_of(std::chrono::system_clock::time_point when) {
    // A stranger's clock may say anything. Times beyond the range of datetime become its limits.
    constexpr std::int64_t kFirst = -62'135'596'800'000'000, kLast = 253'402'300'799'999'999;
    const auto us = std::chrono::duration_cast<std::chrono::microseconds>(when.time_since_epoch());
    const py::module_ datetime = py::module_::import("datetime");
    const py::object utc = datetime.attr("timezone").attr("utc");
    const py::object epoch = datetime.attr("datetime")(1970, 1, 1, 0, 0, 0, 0, utc);
    const std::int64_t clamped = std::clamp<std::int64_t>(us.count(), kFirst, kLast);
    return epoch + datetime.attr("timedelta")(py::arg("microseconds") = clamped);
}

void define_message(py::module_& module) {
    const auto text_property = [](std::string_view (Message::*part)() const) {
        return [part](const PyMessage& self) { return decode_text((self.message.*part)()); };
    };
    py::class_<PyMessage>(module, "Message",
                          R"(A message and its envelope.

value            as Mailslot.get gives it; bytes, text: its bytes, and those read as UTF-8; len(): how many
slot             as its reader wrote it
from_host        the sender's own name for its machine; from_address: "10.0.0.7", or "" from this machine
origin           the writer's random identity; sequence: counts that writer's messages from 1
sent_at          an aware datetime, by the sender's clock
format           "text", "bytes", "value" or "unknown"; trust: "none", "domain" or "local"
lost_before      messages of this writer lost since its last one here
labels           a dict of texts; label(name): one of them, or "")")
        .def_property_readonly("value",
                               [](const PyMessage& self) {
                                   return to_python(self.message.text(), self.message.format(),
                                                    self.marshalled);
                               })
        .def_property_readonly("bytes",
                               [](const PyMessage& self) {
                                   const std::string_view data = self.message.text();
                                   return py::bytes(data.data(), data.size());
                               })
        .def_property_readonly("text", text_property(&Message::text))
        .def_property_readonly("slot", text_property(&Message::slot))
        .def_property_readonly("from_host", text_property(&Message::from_host))
        .def_property_readonly("from_address", text_property(&Message::from_address))
        .def_property_readonly("origin",
                               [](const PyMessage& self) { return self.message.origin(); })
        .def_property_readonly("sequence",
                               [](const PyMessage& self) { return self.message.sequence(); })
        .def_property_readonly(
            "sent_at", [](const PyMessage& self) { return time_of(self.message.sent_at()); })
        .def_property_readonly("format",
                               [](const PyMessage& self) { return word_of(self.message.format()); })
        .def_property_readonly("trust",
                               [](const PyMessage& self) { return word_of(self.message.trust()); })
        .def_property_readonly("lost_before",
                               [](const PyMessage& self) { return self.message.lost_before(); })
        .def_property_readonly("labels",
                               [](const PyMessage& self) { return labels_of(self.message); })
        .def(
            "label",
            [](const PyMessage& self, const std::string& name) {
                return decode_text(self.message.label(name));
            },
            py::arg("name"))
        .def("__len__", [](const PyMessage& self) { return self.message.size(); })
        .def("__repr__", &repr);
}

}  // namespace mailslot::python
