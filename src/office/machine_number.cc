#include "office/machine_number.h"

#include <memory>
#include <optional>
#include <vector>

#include "os/interfaces.h"
#include "os/local_socket.h"
#include "wire/local_message.h"

namespace mailslot::office {
namespace {

std::optional<std::vector<IpAddress>> list_addresses() {
    const auto interfaces = os::list_interfaces();
    if (!interfaces) return std::nullopt;
    std::vector<IpAddress> all;
    for (const os::Interface& interface : *interfaces) {
        all.insert(all.end(), interface.ipv4.begin(), interface.ipv4.end());
        all.insert(all.end(), interface.ipv6.begin(), interface.ipv6.end());
    }
    return all;
}

}  // namespace

post::OwnAddresses addresses_of_system(const Clock& clock) {
    auto opened = os::InterfaceWatch::open();  // otherwise the list is read every second
    auto watch = opened ? std::make_shared<os::InterfaceWatch>(std::move(*opened)) : nullptr;
    return {clock, list_addresses, [watch] { return watch && watch->changed(); }};
}

// Datagrams on their way bear the former number.
void MachineNumber::hear(os::Handle connection, const MachineId& former) {
    ids_.add_former(former.number);
    told_.insert(connection);
    tell(connection);
}

void MachineNumber::tell(os::Handle connection) const {
    (void)os::send_packet(connection,
                          wire::encode({.op = wire::LocalOp::machine, .machine = present()}));
}

bool MachineNumber::change_if_contested() {
    if (!ids_.is_contested()) return false;
    ids_.change_to(random_.u64() | 1, clock_.now());
    tell_(present());
    for (const os::Handle connection : told_) tell(connection);
    return true;
}

}  // namespace mailslot::office
