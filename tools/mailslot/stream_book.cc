#include "mailslot/stream_book.h"

#include <algorithm>

namespace mailslot::cli {

bool StreamBook::may_pass(const Error& error) {
    return error.code == Errc::unreachable || error.code == Errc::no_resources;
}

std::optional<Error> StreamBook::leave_out(const Error& error) {
    ++left_out_;
    return note(error);
}

std::optional<Error> StreamBook::note(const Error& error) {
    if (std::ranges::count(told_, error.code) > 0) return std::nullopt;
    told_.push_back(error.code);
    return error;
}

std::string StreamBook::sum(std::uint64_t lost) const {
    // A message that was left out is among the lost ones where part of it may have left.
    const std::uint64_t failed = std::max(lost, left_out_);
    if (failed == 0) return {};
    const std::uint64_t all = put_ + left_out_;
    return std::to_string(failed) + " of " + std::to_string(all) +
           (all == 1 ? " message" : " messages") + " did not leave this machine";
}

}  // namespace mailslot::cli
