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
    // Whether a stream to other machines goes on after this error: the network is away or too slow
    // for the moment. Readers count the gap.
    static bool may_pass(const Error& error);

    void put(std::uint64_t messages) { put_ += messages; }
    // A message failed and is left out. Returns what to say of it: the error, when its cause is a
    // new one.
    std::optional<Error> leave_out(const Error& error);
    // An error of messages that had counted as put.
    std::optional<Error> note(const Error& error);

    std::uint64_t messages_put() const { return put_; }
    // The line for the end, when `lost` messages left by no way; empty if none failed.
    std::string sum(std::uint64_t lost) const;

private:
    std::uint64_t put_ = 0, left_out_ = 0;
    std::vector<Errc> told_;  // one of each
};

}  // namespace mailslot::cli
