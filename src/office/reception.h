// Hears the processes that are registered with the office, or want to be: registers their slots,
// answers their questions, and makes them deputies.
// Threads: the station's only.
#pragma once

#include <cstdint>
#include <vector>

#include "office/deputies.h"
#include "office/door.h"
#include "office/heirs.h"
#include "office/inquiries.h"
#include "office/machine_number.h"
#include "office/network.h"
#include "office/registry.h"
#include "office/returners.h"
#include "wire/local_message.h"

namespace mailslot::office {

class Reception {
public:
    // The parts of the office that processes talk about.
    struct Parts {
        Door& door;
        Registry& registry;
        Network& network;
        MachineNumber& machine;
        Heirs& heirs;
        Returners& returners;
        Deputies& deputies;
        const Inquiries& inquiries;
    };
    explicit Reception(const Parts& parts) : office_(parts) {}

    void hear(os::Handle connection);
    // Lends all sockets again, because what the office listens with has changed.
    void lend_anew();

private:
    void answer(os::Handle connection, const wire::LocalMessage& message,
                std::vector<os::UniqueFd>& fds);
    void dismiss(os::Handle connection);
    void register_slot(os::Handle connection, const wire::LocalMessage& request,
                       std::vector<os::UniqueFd>& fds);
    void take_event(os::Handle connection, const wire::LocalMessage& message,
                    std::vector<os::UniqueFd>& fds);
    void give_socket(os::Handle connection, const wire::LocalMessage& request);
    void make_deputy(os::Handle connection);

    Parts office_;
};

}  // namespace mailslot::office
