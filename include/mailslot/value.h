// Encodes and decodes plain values, the payload of Format::value messages: docs/protocol/value.md.
// Threads: a sink is called on the thread that decodes; nothing else is shared.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>

#include "mailslot/result.h"

namespace mailslot {

// Limit of containers inside each other, for decoding and encoding.
inline constexpr std::size_t kMaxValueDepth = 100;

// Receives a value part by part, and borrows each part until the call returns. Any call may return
// false to stop the decoding.
class MAILSLOT_API ValueSink {
public:
    virtual ~ValueSink() = default;

    virtual bool null() = 0;
    virtual bool boolean(bool value) = 0;
    virtual bool integer(std::int64_t value) = 0;
    // An integer beyond int64. `magnitude` is little-endian, its last byte not 0.
    virtual bool big_integer(bool negative, std::span<const std::byte> magnitude) = 0;
    virtual bool real(double value) = 0;
    virtual bool complex(double re, double im) = 0;
    // UTF-8 that may have surrogates as three bytes each, like Python's "surrogatepass".
    virtual bool text(std::string_view utf8) = 0;
    virtual bool bytes(std::span<const std::byte> value) = 0;

    // A container: its items follow (in a dict: key, value, key, value), then end(). Keys and items
    // of sets are never lists, sets or dicts, nor tuples that hold these; they may come twice.
    virtual bool begin_tuple(std::size_t items) = 0;
    virtual bool begin_list(std::size_t items) = 0;
    virtual bool begin_set(std::size_t items) = 0;
    virtual bool begin_frozenset(std::size_t items) = 0;
    virtual bool begin_dict() = 0;
    virtual bool end() = 0;
};

// Decodes the value in `bytes` into `sink`. A sink may reserve room for `items`: the sum over all
// open containers is at most bytes.size(). If the sink stops, the rest is not checked, and the
// result is a success.
// Errors: bad_packet, `detail` says why; the sink may have received a part.
MAILSLOT_API Result<void> decode_value(std::span<const std::byte> bytes, ValueSink& sink);

// Appends the encoding of a value to a string. Each value has a single encoding. To get the single
// encoding of any bytes, decode them into a writer.
class MAILSLOT_API ValueWriter final : public ValueSink {
public:
    explicit ValueWriter(std::string& out);  // borrowed until the writer is destroyed
    ~ValueWriter() override;
    ValueWriter(const ValueWriter&) = delete;
    ValueWriter& operator=(const ValueWriter&) = delete;

    // Each returns false if the part is not allowed here or cannot be written. Then nothing is
    // appended, nor by any later call.
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

    bool is_whole() const;             // a value was written, and every container ended
    std::string_view problem() const;  // why a call returned false; empty if none did

private:
    bool write_digits(bool negative, std::span<const std::byte> magnitude);

    struct State;
    std::string& out_;
    std::unique_ptr<State> state_;
};

// Returns a value as Python prints it: {'a': [1, 2.5, None]}. At most `limit_bytes` of UTF-8
// without control characters, cut with "..."; a limit below 3 counts as 3. Bytes behind a cut are
// not checked.
// Errors: bad_packet.
MAILSLOT_API Result<std::string> value_to_text(std::span<const std::byte> bytes,
                                               std::size_t limit_bytes);

}  // namespace mailslot
