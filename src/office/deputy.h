// Everything that this process has of an office as its deputy: docs/office.md, "An office that
// does not answer".
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/clock.h"
#include "inbox/inbox_writer.h"
#include "office/handover.h"
#include "office/office_pulse.h"
#include "office/vigil.h"
#include "os/event_loop.h"
#include "os/fork_guard.h"
#include "wire/local_message.h"

namespace mailslot::office {

// Threads: the station's only.
class Deputy {
public:
    explicit Deputy(os::EventLoop& loop) : loop_(loop) {}
    ~Deputy() { resign(); }
    Deputy(const Deputy&) = delete;
    Deputy& operator=(const Deputy&) = delete;

    // Takes a thing that the office lends. Returns false if the message lends nothing.
    bool take(const wire::LocalMessage& message, std::vector<os::GuardedFd>& fds);
    // Gives everything up, because the office has moved or this process has left the office.
    void resign();

    // Notes that a process got no answer from the office.
    void hear_complaint();

    // Looks at the office if that is due. Returns true if the office does not answer, so that this
    // process should replace it.
    bool finds_office_mute(Clock::Instant now);
    std::optional<Clock::Instant> next_look() const { return look_at_; }

    std::vector<Estate::Socket> take_sockets();
    using LentSlots = std::map<std::string, std::unique_ptr<inbox::InboxWriter>, std::less<>>;
    LentSlots take_slots();

private:
    struct LentSlot {
        std::uint32_t number = 0;
        std::vector<os::GuardedFd> fds;
    };
    void watch(Estate::Socket socket);
    Vigil::Next look();

    os::EventLoop& loop_;
    std::optional<PulseView> pulse_;
    std::vector<Estate::Socket> sockets_;
    std::map<std::string, LentSlot, std::less<>> slots_;
    Vigil vigil_;
    bool is_alert_ = false;  // something has arrived, so that the next look is due
    std::optional<Clock::Instant> look_at_{};
    int looks_after_complaint_ = 0;
};

}  // namespace mailslot::office
