// Exit statuses: the same numbers for every verb, as the man page lists them.
#pragma once

#include "mailslot/result.h"

namespace mailslot::cli {

inline constexpr int kDone = 0;
inline constexpr int kFailed = 1;
inline constexpr int kWrongUse = 2;
inline constexpr int kNothingInTime = 3;
inline constexpr int kNoSuchSlot = 4;
inline constexpr int kRefused = 5;

constexpr int exit_status(Errc code) {
    switch (code) {
        case Errc::bad_name:
        case Errc::name_too_long:
        case Errc::bad_config:
        case Errc::bad_label:
        case Errc::wrong_direction:
            return kWrongUse;  // the user's input must change
        case Errc::timed_out:
            return kNothingInTime;
        case Errc::no_such_slot:
            return kNoSuchSlot;
        case Errc::no_permission:
            return kRefused;
        case Errc::slot_exists:
        case Errc::closed:
        case Errc::message_too_big:
        case Errc::slot_full:
        case Errc::no_resources:
        case Errc::unreachable:
        case Errc::port_taken:
        case Errc::interrupted:
        case Errc::bad_packet:
        case Errc::bad_segment:
            return kFailed;
    }
    return kFailed;
}

}  // namespace mailslot::cli
