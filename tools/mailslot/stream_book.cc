#include "mailslot/stream_book.h"

#include <algorithm>

namespace mailslot::cli {

bool StreamBook::may_pass(const Error& error) {
    switch (error.code) {
        case Errc::unreachable:
        case Errc::no_resources:
        case Errc::message_too_big:
        case Errc::slot_full:
        case Errc::timed_out:
        case Errc::no_such_slot:
            return true;
        default:
            return false;
    }
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
    // Parts of a message that was left out may have left, so that it is among the lost
    // messages, too.
    const std::uint64_t failed = std::max(lost, left_out_);
    if (failed == 0) return {};
    const std::string what = std::to_string(failed) + " of " + std::to_string(messages()) +
                             (messages() == 1 ? " message" : " messages");
    if (is_elsewhere_) return what + " did not leave this machine";
    return what + (failed == 1 ? " was not put" : " were not put");
}

}  // namespace mailslot::cli
