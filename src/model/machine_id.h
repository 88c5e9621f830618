// The identity by which a post office knows its own machine: docs/decisions/0013-machine-id.md.
#pragma once

#include <cstdint>

namespace mailslot {

// A network namespace, by the kernel's two numbers for it. 0 if the system does not tell.
struct NetworkId {
    std::uint64_t cookie = 0;  // never used twice in a boot
    std::uint64_t inode = 0;   // may be used again after the namespace is gone

    bool is_known() const { return cookie != 0 || inode != 0; }
    bool operator==(const NetworkId&) const = default;
};

// Returns whether the numbers may stand for the same network. A sandbox may hide either number from
// a process, so the first number that both have decides.
constexpr bool may_be_one(const NetworkId& a, const NetworkId& b) {
    if (a.cookie != 0 && b.cookie != 0) return a.cookie == b.cookie;
    return a.inode == 0 || b.inode == 0 || a.inode == b.inode;
}

struct MachineId {
    std::uint64_t number = 0;  // random; 0: none yet
    NetworkId network{};       // the network in which the machine's post office listens

    bool operator==(const MachineId&) const = default;
};

// Returns the number by which a writer in another network marks messages that it has already put
// into a slot here. The post office must recognize these as its own, although they come from an
// address that is not this machine's.
constexpr std::uint64_t number_for_other_networks(std::uint64_t number) {
    return number ^ 0x6f74'6865'7220'6e65;  // any constant: "other ne"
}

}  // namespace mailslot
