// Asks other machines and receives their answers, through its own sockets: docs/discovery.md.
// Threads: one at a time.
// Fork: a child opens its own.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <vector>

#include "base/clock.h"
#include "carrier/carrier.h"
#include "carrier/udp/frame_sealer.h"
#include "model/settings.h"
#include "os/event_loop.h"
#include "os/udp_socket.h"
#include "trust/opener.h"

namespace mailslot {

class UdpAsker {
public:
    // Errors: no_permission, no_resources, unreachable if the system has neither address family.
    static Result<std::unique_ptr<UdpAsker>> open(const Settings& settings);

    // Sends a query by every way to `to`; the address families take turns to go first. `query`
    // holds the asker and the slot.
    // Errors: unreachable, no_resources.
    Result<void> ask(const Destination& to, const Envelope& query, std::uint64_t id,
                     std::uint32_t first);

    // Waits for datagrams until `until` or a signal; passes answers to `hear`.
    using Hear = std::function<void(const Envelope& answer)>;
    void wait(Clock::Instant until, const Hear& hear);

    // Senders of datagrams that only a later program knows.
    const std::vector<IpAddress>& other_versions() const { return other_versions_; }

private:
    UdpAsker(const Settings& settings, std::unique_ptr<os::EventLoop> loop);
    Result<void> open_socket(IpAddress::Family family);
    void receive(os::UdpSocket& socket);
    void hear(const os::Datagram& datagram);
    int send(os::UdpSocket& socket, const Destination& to, Bytes frame);

    const Settings& settings_;
    std::unique_ptr<os::EventLoop> loop_;
    std::vector<std::unique_ptr<os::UdpSocket>> sockets_;  // a socket per family
    os::DatagramBatch batch_;
    Hear hear_;  // set during wait()
    std::vector<IpAddress> other_versions_;
    const SystemClock clock_{};
    FrameSealer sealer_;
    trust::ReplayWindows windows_;
    trust::Opener opener_;
    bool has_asked_in_clear_ = false;  // an unsealed answer may be for us
};

}  // namespace mailslot
