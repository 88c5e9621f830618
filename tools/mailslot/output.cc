#include "mailslot/output.h"

#include <algorithm>
#include <chrono>
#include <cstdlib>
#include <string_view>

#include "mailslot/exit_status.h"
#include "mailslot/report.h"
#include "os/standard_streams.h"
#include "os/stop_signal.h"

namespace mailslot::cli {
namespace {

using std::chrono::milliseconds;
using std::chrono::steady_clock;
using Instant = steady_clock::time_point;

constexpr std::size_t kKeptBytes = 4 * kBlockBytes;  // memory kept after one huge message

// Time for the reader of our output to take each small part of the rest, after a stop request.
constexpr milliseconds kPatience{200};
constexpr Instant kNever = Instant::max();

// Waits again after interrupts, which come every 100 ms after a stop request.
bool has_room_until(Instant deadline) {
    while (true) {
        const auto room = os::wait_for_output(deadline);
        if (room || room.error().code != Errc::interrupted) return room && *room;
    }
}

}  // namespace

Result<void> Output::flush() {
    std::string_view left = text_;
    Instant deadline = kNever;  // for the current part, after a stop request
    while (!left.empty()) {
        const bool stopping = os::stop_requested();
        if (stopping) deadline = std::min(deadline, steady_clock::now() + kPatience);
        if (stopping && !has_room_until(deadline))
            return Error{Errc::closed, "write standard output"};
        const auto written = os::write_output(stopping ? left.substr(0, os::kPipeBytes) : left);
        if (written && *written > 0) {
            left.remove_prefix(*written);
            deadline = kNever;
        } else if (!written && written.error().code != Errc::interrupted) {
            return written.error();
        } else if (steady_clock::now() >= deadline) {
            return Error{Errc::closed, "write standard output"};  // a terminal's room was too small
        } else if (written) {
            (void)os::wait_for_output(std::nullopt);  // or until a signal comes
        }
    }
    text_.clear();
    if (text_.capacity() > kKeptBytes) text_ = {};
    return {};
}

int finish(Output& output) {
    const Result<void> written = output.flush();
    if (written || written.error().code == Errc::closed) return kDone;
    return fail(written.error());
}

bool colours_unwanted() {
    const char* const no_color = std::getenv("NO_COLOR");
    const char* const terminal = std::getenv("TERM");
    if (no_color != nullptr && *no_color != '\0') return true;
    return terminal == nullptr || std::string_view(terminal) == "dumb";
}

}  // namespace mailslot::cli
