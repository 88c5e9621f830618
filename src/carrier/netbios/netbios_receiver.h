// The post office's sockets on the classic wire, ports 137 and 138, with the name service and the
// intake behind them: docs/protocol/netbios-carrier.md.
#pragma once

#include <atomic>
#include <cstdint>
#include <memory>
#include <optional>
#include <vector>

#include "base/clock.h"
#include "carrier/carrier.h"
#include "carrier/netbios/classic_intake.h"
#include "carrier/netbios/name_service.h"
#include "carrier/netbios/netbios_sender.h"
#include "carrier/netbios/nmbd_strays.h"
#include "carrier/netbios/subnets.h"
#include "os/interfaces.h"
#include "os/poll_set.h"
#include "os/system_random.h"
#include "os/timer.h"
#include "os/udp_socket.h"

namespace mailslot {

// Written by the station's thread, read by any thread.
struct NameCounters {
    using Count = std::atomic<std::uint64_t>;
    Count packets{0}, bad_packets{0}, names{0}, names_refused{0};
};

class NetbiosReceiver {
public:
    struct Counters {
        ClassicCounters& datagrams;
        NameCounters& names;
    };
    // Binds, or goes on with another receiver's sockets; inherited names are ours without new
    // claims.
    // Errors: port_taken, no_permission (with advice), no_resources.
    static Result<std::unique_ptr<NetbiosReceiver>> open(const Settings& settings,
                                                         const OwnNames& names, NetbiosPorts ports,
                                                         Counters counters,
                                                         std::vector<ListeningSocket> inherited);

    os::Handle poll_fd() const { return poll_set_.fd(); }
    bool receive(const Carrier::Deliver& deliver);  // as Carrier::receive
    std::uint64_t kernel_drops() const;
    // Returns the sockets for another receiver, which owns the names from then on.
    std::vector<ListeningSocket> release();
    std::vector<ListeningSocket> lend() const;  // duplicates
    void give_names_back();                     // tells the subnets

private:
    struct Parts {
        os::PollSet poll_set;
        os::InterfaceWatch watch;
        os::Timer timer;
        os::UdpSocket names, datagrams;
    };
    NetbiosReceiver(const Settings& settings, const OwnNames& names, NetbiosPorts ports,
                    Counters counters, Parts parts);
    Result<void> begin(bool are_names_ours);
    Result<void> follow_interfaces(bool are_names_ours);
    bool receive_names();
    bool receive_datagrams(const Carrier::Deliver& deliver);
    void receive_strays(const Carrier::Deliver& deliver);
    void look_for_nmbd();
    void deliver_packet(Bytes packet, const Endpoint& from, const Carrier::Deliver& deliver);
    bool is_allowed(const os::Datagram& datagram) const;
    void send_names();

    const Settings settings_;
    const NetbiosPorts ports_;
    Counters counters_;
    const SystemClock clock_{};
    os::SystemRandom random_;
    os::PollSet poll_set_;
    os::InterfaceWatch watch_;
    os::Timer timer_;
    os::UdpSocket names_socket_, datagrams_socket_;
    os::DatagramBatch batch_;
    std::vector<Subnet> subnets_;
    std::optional<NmbdStrays> strays_;  // from an nmbd on this machine
    Clock::Instant look_for_nmbd_at_{};
    NameService names_;
    ClassicIntake intake_;
};

}  // namespace mailslot
