#include "carrier/udp/backlog.h"

#include <algorithm>

#include "os/udp_socket.h"

namespace mailslot {

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

Result<void> Backlog::send(FrameSender& sender) {
    std::vector<Bytes> views;
    while (!is_empty()) {
        views.clear();
        const std::size_t most = std::min(frames_.size() - next_, os::kPieceDatagrams);
        for (std::size_t i = 0; i < most; ++i) views.emplace_back(frames_[next_ + i].bytes);
        const auto sent = sender.send_packed(to_, views);
        if (!sent) return sent.error();
        next_ += *sent;
    }
    clear();
    return {};
}

}  // namespace mailslot
