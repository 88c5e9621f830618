// What can go wrong, and the type that carries it.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>

#include "mailslot/detail/expected.hpp"

#if defined(MAILSLOT_BUILD)
#define MAILSLOT_API __attribute__((visibility("default")))
#else
#define MAILSLOT_API
#endif

namespace mailslot {

// One list for the library, its Python module, the commands and their exit status: docs/errors.md.
enum class Errc : std::uint8_t {
    bad_name = 1,     // the address or slot name is malformed
    name_too_long,    // more than 259 UTF-16 units
    no_such_slot,     // no reader has this name on this machine
    slot_exists,      // another reader has this name on this machine
    wrong_direction,  // a reader was asked to write, or a writer to read
    closed,           // this end was closed, perhaps by another thread meanwhile
    timed_out,        // nothing came, or no room came, in time
    message_too_big,  // over the slot's max_message_bytes, or over what the network carries
    slot_full,        // the slot's max_bytes or max_messages is used up
    no_permission,    // the slot, or the folder where slots are found, is not open to this user
    no_resources,     // memory, disk, descriptors or another limit of the system is used up
    unreachable,      // no interface or route leads there
    port_taken,       // another program has the UDP port
    bad_packet,   // bytes that are no message, and never returned; or no plain value (value.h does)
    bad_segment,  // shared memory that is no inbox; never returned by the public API
    bad_config,   // the configuration has an unknown key or a wrong value
};

// The name of the code as it stands above: "no_such_slot".
MAILSLOT_API std::string_view to_string(Errc code);

struct Error {
    Errc code;
    const char* step = "";  // what was being done when it failed: "bind"
    int os_code = 0;        // errno, 0 where the system had no part in it
    std::string detail{};   // the offending part, in words: "name is empty"
};

// One line for people: what failed, why, and what to do about it.
MAILSLOT_API std::string to_string(const Error& error);

namespace tl {
// `.value()` on a failure throws this; what() is to_string(error()).
template <>
class bad_expected_access<Error> : public std::exception {
public:
    explicit bad_expected_access(Error error)
        : error_(std::move(error)), what_(to_string(error_)) {}
    const char* what() const noexcept override { return what_.c_str(); }
    const Error& error() const { return error_; }

private:
    Error error_;
    std::string what_;
};
}  // namespace tl

// A value, or the Error that kept it from being made. tl::expected with a shorter way to fail:
// `return Error{Errc::bad_name, "parse"};`
template <class T>
class [[nodiscard]] Result : public tl::expected<T, Error> {
public:
    using Base = tl::expected<T, Error>;
    using Base::Base;
    Result(Error error) : Base(tl::unexpected<Error>(std::move(error))) {}
    Result(Base base) : Base(std::move(base)) {}

    // tl::expected<void> has none, and `writer.put("HELLO").value()` must not fail in silence.
    using Base::value;
    void value() const requires std::is_void_v<T> {
        if (!this->has_value()) throw tl::bad_expected_access<Error>(this->error());
    }
};

}  // namespace mailslot
