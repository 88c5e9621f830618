// The bookkeeping of a stream of messages that goes on when some of them fail: it says what failed,
// once for each cause, counts, and sums up at the end. Pure.
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

    // Whether a stream goes on after this error, since later messages may pass: the network is away
    // or too slow for the moment, a message is too large, a slot is full or has no reader.
    static bool may_pass(const Error& error);

    void put(std::uint64_t messages) { put_ += messages; }
    // A message failed and is left out. Returns what to say of it: the error, when its cause is a
    // new one.
    std::optional<Error> leave_out(const Error& error);
    // An error of messages that had counted as put.
    std::optional<Error> note(const Error& error);

    std::uint64_t messages_put() const { return put_; }
    std::uint64_t messages() const { return put_ + left_out_; }
    // The line for the end, when `lost` messages left by no way; empty if none failed.
    std::string sum(std::uint64_t lost) const;

private:
    const bool is_elsewhere_;
    std::uint64_t put_ = 0, left_out_ = 0;
    std::vector<Errc> told_;  // one of each
};

}  // namespace mailslot::cli
