#include "carrier/udp/backlog.h"

#include <algorithm>

#include "os/failure.h"
#include "os/udp_socket.h"

namespace mailslot {

namespace {

// To the caller, a turn that has not come is like a lack of room: the same send may succeed later.
Error out_of_turn() {
    return Error{Errc::no_resources, "send", os::code_of(os::Failure::busy),
                 "the network is slower than the writer"};
}

}  // namespace

bool is_want_of_room(const Error& error) {
    return error.code == Errc::no_resources && os::passes_by_waiting(error.os_code);
}

std::size_t Backlog::messages() const {
    std::size_t count = 0;
    for (std::size_t i = next_; i < frames_.size(); ++i) count += frames_[i].messages;
    return count;
}

void Backlog::add(Bytes frame, std::size_t messages) {
    frames_.push_back({{frame.begin(), frame.end()}, messages});
}

Result<void> Backlog::send(FrameSender& sender, WaitForTurn wait) {
    to_.wait_for_turn = wait;
    std::vector<Bytes> views;
    while (!is_empty()) {
        views.clear();
        const std::size_t most = std::min(frames_.size() - next_, os::kPieceDatagrams);
        for (std::size_t i = 0; i < most; ++i) views.emplace_back(frames_[next_ + i].bytes);
        const auto sent = sender.send_packed(to_, views);
        if (!sent) return sent.error();
        if (*sent == 0) return out_of_turn();
        next_ += *sent;
    }
    clear();
    return {};
}

}  // namespace mailslot
