// Everything that this process has of an office as its deputy: docs/office.md, "An office that
// does not answer".
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

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

    // Returns true if something has arrived, so that the next look is due.
    bool is_alert() const { return is_alert_; }
    Vigil::Next look();

    std::vector<Estate::Socket> take_sockets();
    using LentSlots = std::map<std::string, std::unique_ptr<inbox::InboxWriter>, std::less<>>;
    LentSlots take_slots();

private:
    struct LentSlot {
        std::uint32_t number = 0;
        std::vector<os::GuardedFd> fds;
    };
    void watch(Estate::Socket socket);

    os::EventLoop& loop_;
    std::optional<PulseView> pulse_;
    std::vector<Estate::Socket> sockets_;
    std::map<std::string, LentSlot, std::less<>> slots_;
    Vigil vigil_;
    bool is_alert_ = false;
    int looks_after_complaint_ = 0;
};

}  // namespace mailslot::office
