// By what a post office knows its own machine: docs/decisions/0013-machine-id.md.
#pragma once

#include <cstdint>

namespace mailslot {

// A network namespace, by the two numbers that the kernel has for it. 0: the system does not say.
struct NetworkId {
    std::uint64_t cookie = 0;  // never used twice in one boot
    std::uint64_t inode = 0;   // used again when the namespace has gone

    bool is_known() const { return cookie != 0 || inode != 0; }
    bool operator==(const NetworkId&) const = default;
};

// Whether two numbers may stand for one network. A sandbox may keep a process from either number,
// so the first one that both have decides.
constexpr bool may_be_one(const NetworkId& a, const NetworkId& b) {
    if (a.cookie != 0 && b.cookie != 0) return a.cookie == b.cookie;
    return a.inode == 0 || b.inode == 0 || a.inode == b.inode;
}

struct MachineId {
    std::uint64_t number = 0;  // random; 0: none yet
    NetworkId network{};       // where its post office listens

    bool operator==(const MachineId&) const = default;
};

// By what a writer in another network marks messages that it has put into a slot here: the post
// office must know these as its own, though they come from an address that is not this machine's.
constexpr std::uint64_t number_for_other_networks(std::uint64_t number) {
    return number ^ 0x6f74'6865'7220'6e65;  // any constant: "other ne"
}

}  // namespace mailslot
