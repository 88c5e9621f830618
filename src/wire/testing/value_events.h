// The calls that a ValueSink receives, as one line: "tuple 2, integer 7, null, end".
#pragma once

#include <cstddef>
#include <cstdio>
#include <limits>
#include <span>
#include <string>
#include <string_view>

#include "mailslot/value.h"

namespace mailslot::wire {

class ValueEvents final : public ValueSink {
public:
    // Stops at event number `stop_at`, counted from 1.
    explicit ValueEvents(std::size_t stop_at = std::numeric_limits<std::size_t>::max())
        : stop_at_(stop_at) {}

    const std::string& line() const { return line_; }
    std::size_t count() const { return count_; }

    bool null() override { return note("null"); }
    bool boolean(bool value) override { return note(value ? "true" : "false"); }
    bool integer(std::int64_t value) override { return note("integer " + std::to_string(value)); }
    bool big_integer(bool negative, std::span<const std::byte> magnitude) override {
        return note(std::string("big_integer ") + (negative ? "-" : "+") + hex(magnitude));
    }
    bool real(double value) override { return note("real " + number(value)); }
    bool complex(double re, double im) override {
        return note("complex " + number(re) + " " + number(im));
    }
    bool text(std::string_view utf8) override { return note("text " + std::string(utf8)); }
    bool bytes(std::span<const std::byte> value) override { return note("bytes " + hex(value)); }
    bool begin_tuple(std::size_t items) override { return begin("tuple", items); }
    bool begin_list(std::size_t items) override { return begin("list", items); }
    bool begin_set(std::size_t items) override { return begin("set", items); }
    bool begin_frozenset(std::size_t items) override { return begin("frozenset", items); }
    bool begin_dict() override { return note("dict"); }
    bool end() override { return note("end"); }

private:
    bool note(const std::string& event) {
        line_ += (count_ == 0 ? "" : ", ") + event;
        return ++count_ != stop_at_;
    }
    bool begin(const char* what, std::size_t items) {
        return note(std::string(what) + " " + std::to_string(items));
    }
    static std::string number(double value) {
        char spelled[64];
        std::snprintf(spelled, sizeof spelled, "%.17g", value);
        return spelled;
    }
    static std::string hex(std::span<const std::byte> bytes) {
        std::string digits;
        for (const std::byte b : bytes) {
            digits += "0123456789abcdef"[std::to_integer<unsigned>(b) >> 4];
            digits += "0123456789abcdef"[std::to_integer<unsigned>(b) & 0xF];
        }
        return digits;
    }

    std::size_t stop_at_, count_ = 0;
    std::string line_;
};

}  // namespace mailslot::wire
