// Asks other machines, and hears their answers, by sockets of its own: docs/discovery.md.
// Threads: one at a time. Fork: a child opens its own.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <vector>

#include "base/clock.h"
#include "carrier/carrier.h"
#include "model/settings.h"
#include "os/event_loop.h"
#include "os/udp_socket.h"
#include "trust/opener.h"

namespace mailslot {

class UdpAsker {
public:
    // Errors: no_permission, no_resources; unreachable, where the system has neither family.
    static Result<std::unique_ptr<UdpAsker>> open(const Settings& settings);

    // Sends a query by every way that leads there; every second time the other family goes first.
    // `query` says who asks for which slot. Errors: unreachable, no_resources.
    Result<void> ask(const Destination& to, const Envelope& query, std::uint64_t id,
                     std::uint32_t first);

    // Waits for datagrams, at most until then or until a signal comes; hands over what is an
    // answer.
    using Hear = std::function<void(const Envelope& answer)>;
    void wait(Clock::Instant until, const Hear& hear);

    // Who sent something that only a later program knows.
    const std::vector<IpAddress>& other_versions() const { return other_versions_; }
    // Who sealed with a key that is not here.
    const std::vector<IpAddress>& strange_keys() const { return strange_keys_; }

private:
    UdpAsker(const Settings& settings, std::unique_ptr<os::EventLoop> loop);
    Result<void> open_socket(IpAddress::Family family);
    void receive(os::UdpSocket& socket);
    void hear(const os::Datagram& datagram);
    Bytes seal(std::span<std::byte> into, Bytes frame, const Destination& to,
               const trust::Key& key);
    int send(os::UdpSocket& socket, const Destination& to, Bytes frame);

    const Settings& settings_;
    std::unique_ptr<os::EventLoop> loop_;
    std::vector<std::unique_ptr<os::UdpSocket>> sockets_;  // one a family
    os::DatagramBatch batch_;
    Hear hear_;  // during wait()
    std::vector<IpAddress> other_versions_, strange_keys_;
    const SystemClock clock_{};
    trust::KeysView keys_;
    trust::ReplayWindows windows_;
    trust::Opener opener_;
    bool has_asked_in_clear_ = false;  // so that an answer in the clear may be one to us
};

}  // namespace mailslot
