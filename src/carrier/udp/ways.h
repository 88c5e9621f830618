// The ways of a sender's datagrams, with their sockets: docs/protocol/udp-carrier.md, "Ways".
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "carrier/udp/way.h"
#include "mailslot/result.h"
#include "model/ip_address.h"

namespace mailslot {

// The number of ways that get their own socket at the first send: more than nearly every machine
// has, and few compared with a process's 1024 descriptors.
inline constexpr std::size_t kSocketsAtOnce = 16;
// Further ways share a socket per family until it is full. Then each gets its own socket, up to
// this number and while half of the process's descriptors are free.
inline constexpr std::size_t kMostSockets = 256;
// The most unused ways that are remembered for their counts.
inline constexpr std::size_t kMostWays = 512;

class Ways {
public:
    explicit Ways(int hop_limit) : hop_limit_(hop_limit) {}

    // Starts a new list of ways for a send: call begin(), then add() each way, in the same order as
    // before if nothing changed. A way whose socket cannot be opened is left out; error() returns
    // the reason.
    void begin();
    void add(const Way::Course& course, const std::string& name);
    // Closes the sockets of ways that were not added since begin().
    void close_others();

    std::span<Way* const> in_use() const { return in_use_; }
    const std::optional<Error>& error() const { return error_; }

    // As Way::send. If a shared socket is full, gives the way its own.
    std::size_t send(Way& way, std::span<const Bytes> datagrams);

    // Returns all that have sent or dropped datagrams. `path_of` adds what is known of their paths.
    using PathOf = std::function<std::optional<PathInfo>(const Way&)>;
    std::vector<WayInfo> info(const PathOf& path_of) const;

private:
    Way& find(const Way::Course& course, const std::string& name);
    bool open(Way& way);
    Result<std::shared_ptr<os::UdpSocket>> open_socket(IpAddress::Family family,
                                                       std::uint16_t port) const;
    std::shared_ptr<os::UdpSocket>& shared(IpAddress::Family family) {
        return family == IpAddress::Family::v4 ? shared_v4_ : shared_v6_;
    }
    std::size_t own_sockets() const;
    bool take_own_socket(Way& way);
    void forget_old_ones();

    const int hop_limit_;
    std::vector<std::unique_ptr<Way>> ways_;
    std::vector<Way*> in_use_;
    std::size_t next_ = 0;     // place where the next way to add is expected
    std::uint64_t sends_ = 0;  // sends begun so far
    std::shared_ptr<os::UdpSocket> shared_v4_, shared_v6_;
    std::optional<Error> error_;
};

}  // namespace mailslot
