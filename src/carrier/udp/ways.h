// The ways that one sender's datagrams take, with their sockets: docs/protocol/udp-carrier.md,
// "Ways".
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "carrier/udp/way.h"
#include "mailslot/result.h"
#include "model/ip_address.h"

namespace mailslot {

// The number of ways that have a socket of their own from the first send on: more than nearly
// every machine has, and few beside the 1024 descriptors of a process.
inline constexpr std::size_t kSocketsAtOnce = 16;
// The others share one socket a family until that is full. Then each takes one of its own, as long
// as there are no more than these and half of the process's descriptors are free.
inline constexpr std::size_t kMostSockets = 256;
// Ways that are remembered, for their counts, while they are not in use.
inline constexpr std::size_t kMostWays = 512;

class Ways {
public:
    explicit Ways(int hop_limit) : hop_limit_(hop_limit) {}

    // Names the ways of a send anew: begin(), then add() each, in the same order as before where
    // nothing has changed. A way whose socket cannot be opened is left out; error() says why.
    void begin();
    void add(const Way::Course& course, const std::string& name);
    // All that the group has were added: the sockets of others are closed.
    void close_others();

    std::span<Way* const> in_use() const { return in_use_; }
    const std::optional<Error>& error() const { return error_; }

    // As Way::send. A way that shares its socket, which is full, gets one of its own.
    std::size_t send(Way& way, std::span<const Bytes> datagrams);

    std::vector<WayInfo> info() const;  // of all that have sent or dropped something

private:
    Way& find(const Way::Course& course, const std::string& name);
    bool open(Way& way);
    Result<std::shared_ptr<os::UdpSocket>> open_socket(IpAddress::Family family) const;
    std::shared_ptr<os::UdpSocket>& shared(IpAddress::Family family) {
        return family == IpAddress::Family::v4 ? shared_v4_ : shared_v6_;
    }
    std::size_t own_sockets() const;
    bool take_own_socket(Way& way);
    void forget_old_ones();

    const int hop_limit_;
    std::vector<std::unique_ptr<Way>> ways_;
    std::vector<Way*> in_use_;
    std::size_t next_ = 0;     // where the next to be added is expected
    std::uint64_t sends_ = 0;  // begun so far
    std::shared_ptr<os::UdpSocket> shared_v4_, shared_v6_;
    std::optional<Error> error_;
};

}  // namespace mailslot
