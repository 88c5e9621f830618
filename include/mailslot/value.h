// Plain values as bytes, and back: docs/protocol/value.md. What Format::value messages hold.
// Threads: nothing here is shared; a sink is called on the thread that decodes.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>

#include "mailslot/result.h"

namespace mailslot {

// Containers in each other; a reader of ours takes no more, and a writer writes no more.
inline constexpr std::size_t kMaxValueDepth = 100;

// Is told a value part by part. What it is handed is borrowed until the call returns. False from
// any call: no more, please.
class MAILSLOT_API ValueSink {
public:
    virtual ~ValueSink() = default;

    virtual bool null() = 0;
    virtual bool boolean(bool value) = 0;
    virtual bool integer(std::int64_t value) = 0;
    // One that int64 does not hold. Little-endian, the last byte not 0.
    virtual bool big_integer(bool negative, std::span<const std::byte> magnitude) = 0;
    virtual bool real(double value) = 0;
    virtual bool complex(double re, double im) = 0;
    // UTF-8, in which surrogates may stand as three bytes each: Python's "surrogatepass".
    virtual bool text(std::string_view utf8) = 0;
    virtual bool bytes(std::span<const std::byte> value) = 0;

    // A container; its items follow, then end(). Of a dict: key, value, key, value. Keys and items
    // of sets are never lists, sets or dicts, nor tuples that hold such; they may come twice.
    virtual bool begin_tuple(std::size_t items) = 0;
    virtual bool begin_list(std::size_t items) = 0;
    virtual bool begin_set(std::size_t items) = 0;
    virtual bool begin_frozenset(std::size_t items) = 0;
    virtual bool begin_dict() = 0;
    virtual bool end() = 0;
};

// Tells `sink` the one value that `bytes` hold. `items` may be reserved as announced: those of all
// open containers together are no more than bytes.size().
// Where the sink stops, the rest is not looked at, and that is no failure.
// Errors: bad_packet, `detail` says why; the sink may have been told a part.
MAILSLOT_API Result<void> decode_value(std::span<const std::byte> bytes, ValueSink& sink);

// Appends the one encoding of a value to a string. Decoding into a writer gives that of any value.
class MAILSLOT_API ValueWriter final : public ValueSink {
public:
    explicit ValueWriter(std::string& out);  // borrowed until the writer is destroyed
    ~ValueWriter() override;
    ValueWriter(const ValueWriter&) = delete;
    ValueWriter& operator=(const ValueWriter&) = delete;

    // All: false where this cannot stand here, or be written; nothing is appended then, nor by
    // any later call.
    bool null() override;
    bool boolean(bool value) override;
    bool integer(std::int64_t value) override;
    bool big_integer(bool negative, std::span<const std::byte> magnitude) override;  // of any size
    bool real(double value) override;
    bool complex(double re, double im) override;
    bool text(std::string_view utf8) override;
    bool bytes(std::span<const std::byte> value) override;
    bool begin_tuple(std::size_t items) override;
    bool begin_list(std::size_t items) override;
    bool begin_set(std::size_t items) override;
    bool begin_frozenset(std::size_t items) override;
    bool begin_dict() override;
    bool end() override;

    bool is_whole() const;             // one value was written, every container ended
    std::string_view problem() const;  // why a call answered false; empty: none did

private:
    bool write_digits(bool negative, std::span<const std::byte> magnitude);

    struct State;
    std::string& out_;
    std::unique_ptr<State> state_;
};

// A value as Python prints it: {'a': [1, 2.5, None]}. At most `limit_bytes` of UTF-8 without
// control characters, cut with "..."; a limit under 3 counts as 3. What lies behind a cut is not
// looked at.
// Errors: bad_packet.
MAILSLOT_API Result<std::string> value_to_text(std::span<const std::byte> bytes,
                                               std::size_t limit_bytes);

}  // namespace mailslot
