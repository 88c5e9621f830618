// A way out of this machine: an interface and address family, or the address of another machine.
// Each way has its own queue, so that a stuck way drops and counts only its own datagrams:
// docs/protocol/udp-carrier.md, "Ways".
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>

#include "base/bytes.h"
#include "carrier/carrier_writer.h"
#include "model/ip_address.h"
#include "os/udp_socket.h"

namespace mailslot {

class Way {
public:
    using Instant = std::chrono::steady_clock::time_point;

    // The destination, and the interface to it.
    struct Course {
        Endpoint to;
        os::Outlet outlet{};
        bool operator==(const Course& other) const {
            return to == other.to && outlet.interface_index == other.outlet.interface_index &&
                   outlet.source == other.outlet.source;
        }
    };

    // `name`: as WayInfo::name.
    Way(const Course& course, std::string name) : course_(course), name_(std::move(name)) {}

    const Course& course() const { return course_; }
    IpAddress::Family family() const { return course_.to.address.family; }

    // Sets the socket. A shared socket serves several ways, and any of them may fill its queue.
    void open_with(std::shared_ptr<os::UdpSocket> socket, bool is_shared);
    void close() { socket_.reset(); }
    bool is_open() const { return socket_ != nullptr; }
    bool is_shared() const { return is_shared_; }
    // Returns the port of the last socket of its own; 0: none yet.
    std::uint16_t port() const { return port_; }
    const std::shared_ptr<os::UdpSocket>& socket() const { return socket_; }

    // Begins a send: forgets the error that stopped the last.
    void begin() { os_code_ = 0; }
    // Sends from the first datagram on as many as the system takes now; returns how many left.
    // After an error that waiting does not cure, sends none until the next begin().
    std::size_t send(std::span<const Bytes> datagrams);
    int os_code() const { return os_code_; }  // error of the last send(); 0: none
    bool is_full() const { return os::passes_by_waiting(os_code_); }
    // Counts datagrams that do not leave by this way.
    void drop(std::size_t datagrams);
    // Opens the part of the queue that is reserved for end frames.
    void use_reserve();

    // Returns whether the datagrams must wait because the system does not know the neighbour at
    // this address yet: it keeps few datagrams for such a neighbour and drops the oldest. After
    // `at_most` without success they need not wait, nor do later datagrams until the way has
    // rested.
    bool must_wait_for_neighbour(std::span<const Bytes> datagrams, Instant now,
                                 std::chrono::milliseconds at_most);

    WayInfo info() const;

    std::uint64_t used_at = 0;  // set by Ways: number of the last send that used this way

private:
    bool is_to_one() const;

    const Course course_;
    const std::string name_;
    std::shared_ptr<os::UdpSocket> socket_;
    bool is_shared_ = false;
    std::uint16_t port_ = 0;
    std::size_t reserve_bytes_ = 0;
    int os_code_ = 0;

    bool is_neighbour_known_ = false;       // or given up
    std::optional<Instant> waits_since_{};  // for the neighbour
    std::size_t unconfirmed_bytes_ = 0;     // sent to an unknown neighbour, as charged
    Instant last_sent_{};

    std::uint64_t sent_ = 0, dropped_ = 0;
    int dropped_for_ = 0;  // the system's code for the last drop
};

}  // namespace mailslot
