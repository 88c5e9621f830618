#include "office/former_offices.h"

#include <utility>

#include "os/local_socket.h"

namespace mailslot::office {

void FormerOffices::add(std::optional<OfficeClient::Former> former) {
    if (!former) return;
    const os::Handle connection = former->connection.get();
    if (!at_.loop.add(connection, [this, connection] { hear(connection); })) return;
    offices_[connection] = std::move(*former);
}

void FormerOffices::hear(os::Handle connection) {
    const auto packet = os::receive_packet(connection, at_.clock.now());
    if (packet && !packet->bytes.empty()) return;  // sent before that office stood still
    if (!packet && packet.error().code == Errc::timed_out) return;
    at_.loop.remove(connection);
    desk_.bury(offices_[connection].writers);
    offices_.erase(connection);
}

}  // namespace mailslot::office
