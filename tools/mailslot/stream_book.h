// Bookkeeping for a stream that goes on when messages fail: reports each cause once, counts, and
// sums up at the end. Pure.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "mailslot/result.h"

namespace mailslot::cli {

class StreamBook {
public:
    // `is_elsewhere`: messages go to other machines.
    explicit StreamBook(bool is_elsewhere) : is_elsewhere_(is_elsewhere) {}

    // Returns whether a stream goes on after this error, because later messages may pass: the
    // network is away or too slow for the moment, a message is too large, a slot is full or has
    // no reader.
    static bool may_pass(const Error& error);

    void put(std::uint64_t messages) { put_ += messages; }
    // Counts a failed message that is left out. Returns the error to report if its cause is new.
    std::optional<Error> leave_out(const Error& error);
    // Notes an error of messages already counted as put. Returns the error to report if its cause
    // is new.
    std::optional<Error> note(const Error& error);

    std::uint64_t messages_put() const { return put_; }
    std::uint64_t messages() const { return put_ + left_out_; }
    // Returns the line for the end, if `lost` messages left on no way. Empty if none failed.
    std::string sum(std::uint64_t lost) const;

private:
    const bool is_elsewhere_;
    std::uint64_t put_ = 0, left_out_ = 0;
    std::vector<Errc> told_;  // causes reported so far
};

}  // namespace mailslot::cli
