// The sending half of the udp carrier. Everything that leaves goes through send_batch() here.
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <span>
#include <vector>

#include "base/clock.h"
#include "carrier/carrier.h"
#include "carrier/udp/datagram_packer.h"
#include "carrier/udp/host_resolver.h"
#include "carrier/udp/pacer.h"
#include "carrier/udp/udp_counters.h"
#include "carrier/udp/udp_group.h"
#include "model/settings.h"
#include "os/interfaces.h"
#include "os/udp_socket.h"
#include "trust/keys.h"

namespace mailslot {

class UdpSender {
public:
    UdpSender(const Settings& settings, UdpCounters& counters)
        : settings_(settings),
          counters_(counters),
          pacer_(settings.send_rate_bytes),
          keys_(settings.keys) {}
    UdpSender(const UdpSender&) = delete;
    UdpSender& operator=(const UdpSender&) = delete;

    // As Carrier::send. A message is taken when each of its datagrams left by at least one
    // interface.
    Result<std::size_t> send(const Destination& to, std::span<const Envelope> messages);
    // As Carrier::send_packed, likewise.
    Result<std::size_t> send_packed(const Destination& to, std::span<const Bytes> frames);

private:
    // One way out: a copy of every datagram goes each of them.
    struct Route {
        os::UdpSocket* socket;
        Endpoint to;
        os::Outlet outlet;
        int os_code = 0;  // why this send() has given it up
    };

    Result<void> choose_key(const Destination& to);
    Result<void> find_routes(const IpAddress& address);
    void add_route(IpAddress::Family family, const IpAddress& address,
                   const os::Outlet& outlet = {});
    void add_peers();
    Result<void> refresh_links();
    os::UdpSocket* socket_for(IpAddress::Family family);
    void keep_pace(std::span<const Bytes> frames, std::span<const Bytes> datagrams);
    std::size_t send_batch(std::span<const Bytes> frames);
    std::size_t send_by(Route& route, std::span<const Bytes> datagrams);
    std::span<const Bytes> seal_all(std::span<const Bytes> frames);
    Error no_way_out() const;

    const Settings& settings_;
    const SystemClock clock_{};
    std::unique_ptr<HostResolver> peer_resolver_;  // at first need
    UdpCounters& counters_;
    DatagramPacker packer_;
    Pacer pacer_;
    std::optional<os::InterfaceWatch> watch_;
    std::vector<Link> links_;    // as of the last change
    std::vector<Route> routes_;  // of the current send()
    bool is_to_many_ = false;    // the current send()
    int waits_left_ = 0;         // of the current send()
    trust::KeysView keys_;
    const trust::Key* key_ = nullptr;  // of the current send(); null: it is not sealed
    trust::Target target_{};           // likewise
    std::vector<std::byte> sealed_memory_;
    std::vector<Bytes> sealed_;
    std::optional<os::UdpSocket> v4_, v6_;
    std::optional<Error> socket_error_;  // the last failure to open one
};

}  // namespace mailslot
