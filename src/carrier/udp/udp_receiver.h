// The receiving half of the udp carrier.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <vector>

#include "carrier/carrier.h"
#include "carrier/udp/frame_sealer.h"
#include "carrier/udp/stream_reporter.h"
#include "carrier/udp/udp_counters.h"
#include "carrier/udp/udp_group.h"
#include "model/settings.h"
#include "os/interfaces.h"
#include "os/poll_set.h"
#include "os/timer.h"
#include "os/udp_socket.h"
#include "trust/opener.h"

namespace mailslot {

class UdpReceiver {
public:
    // Binds and joins, or goes on with another receiver's sockets. Reports streams to many if `takes`
    // says so.
    // Errors: as Carrier::start, and unreachable if the system has neither address family.
    static Result<std::unique_ptr<UdpReceiver>> open(const Settings& settings,
                                                     UdpCounters& counters,
                                                     trust::ReplayWindows& windows,
                                                     std::vector<ListeningSocket> inherited,
                                                     StreamReporter::Takes takes);
    // Returns the sockets with their memberships for another receiver. This receiver is unusable
    // afterwards.
    std::vector<ListeningSocket> release();
    std::vector<ListeningSocket> lend() const;  // duplicates

    os::Handle poll_fd() const { return poll_set_.fd(); }
    const std::optional<Error>& heard_in_part() const { return heard_in_part_; }  // as Carrier's
    bool receive(const Carrier::Deliver& deliver);  // as Carrier::receive
    std::uint64_t kernel_drops() const;
    // As Carrier::send to a destination with a port.
    Result<std::size_t> answer(const Destination& to, std::span<const Envelope> answers);

private:
    os::PortUse port_use() const;
    struct Membership {
        Link link;
        std::size_t socket;  // index in sockets_
    };

    UdpReceiver(const Settings& settings, UdpCounters& counters, trust::ReplayWindows& windows,
                os::PollSet poll_set, os::InterfaceWatch watch, std::optional<os::Timer> timer,
                std::optional<os::Timer> report_timer);
    Result<void> adopt(std::vector<ListeningSocket> inherited);
    std::vector<std::byte> memo_of(std::size_t socket) const;
    Result<void> bind_families();
    Result<std::size_t> add_socket(IpAddress::Family family);
    Result<std::size_t> add_socket(os::UdpSocket socket);
    Result<void> follow_interfaces();
    void look_at_interfaces(bool is_time);
    bool has_lost_membership() const;
    void leave_all_but(const std::vector<Link>& wanted);
    void leave_lost();
    bool join(const Link& link);
    bool is_allowed(std::uint32_t interface_index) const;
    bool is_from_neighbour(const os::Datagram& datagram) const;
    void deliver_all(std::size_t socket, std::span<const os::Datagram> datagrams,
                     const Carrier::Deliver& deliver);
    void note_drops(std::size_t socket, std::uint32_t drops);
    void decode(std::size_t socket, const os::Datagram& datagram);
    UdpCounters::Count& counter_of(trust::Verdict why);
    void send_report(const Destination& to, const Envelope& report);
    os::SendOutcome send_answer(os::UdpSocket& socket, Bytes frame, const Destination& to);
    void deliver_decoded(const Carrier::Deliver& deliver);

    const Settings& settings_;
    UdpCounters& counters_;
    const SystemClock clock_{};
    trust::Opener opener_;
    FrameSealer sealer_;  // for answers
    os::PollSet poll_set_;
    os::InterfaceWatch watch_;
    std::optional<os::Timer> timer_;      // for the next check of the memberships
    bool is_all_joined_ = false;          // the last check found every wanted membership
    std::vector<os::UdpSocket> sockets_;  // several per family if memberships need more
    std::optional<Error> heard_in_part_;
    std::vector<std::uint32_t> drops_of_;  // parallel to sockets_: last count in a datagram
    std::uint64_t drops_ = 0;              // total, as far as datagrams report it
    std::vector<Membership> memberships_;
    std::vector<std::uint32_t> allowed_;     // interface indexes; empty: all
    std::vector<os::Interface> interfaces_;  // at the last check
    os::DatagramBatch batch_;
    std::vector<Parcel> parcels_;  // the current batch
    std::size_t decoded_ = 0;      // number of messages in parcels_
    StreamReporter reporter_;
};

}  // namespace mailslot
