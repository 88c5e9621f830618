// Number and addresses of this machine, for the post office at work: docs/office.md, "Who this
// machine is".

#include "office/office.h"
#include "office/office_slot.h"
#include "os/interfaces.h"

namespace mailslot::office {

using wire::LocalOp;

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

// A registered process tells which number its slots' memory has had so far. Datagrams on their way
// bear that number.
void Office::hear_machine(int fd, const MachineId& machine) {
    post_office_.ids().add_former(machine.number);
    told_.insert(fd);
    tell_machine(fd);
}

void Office::tell_machine(int fd) const {
    (void)os::send_packet(fd, wire::encode({.op = LocalOp::machine, .machine = machine()}));
}

// Changes the number, because another machine uses it: a copy of this machine, made while it ran.
void Office::change_machine() {
    post_office_.ids().change_to(random_.u64() | 1, clock_.now());
    use_machine();
    tell_(machine());
    for (const int fd : told_) tell_machine(fd);
}

void Office::use_machine() {
    answerer_.set_station(machine().number);
    if (gateway_) gateway_->set_station(machine().number);
}

}  // namespace mailslot::office
