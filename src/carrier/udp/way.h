// A way out of this machine: an interface and address family, or the address of one machine. Each
// way has a queue of its own, so that what is stuck in one is dropped and counted for that way
// alone: docs/protocol/udp-carrier.md, "Ways".
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>

#include "base/bytes.h"
#include "carrier/carrier.h"
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

    // `name` as WayInfo::name.
    Way(const Course& course, std::string name) : course_(course), name_(std::move(name)) {}

    const Course& course() const { return course_; }
    IpAddress::Family family() const { return course_.to.address.family; }

    // The socket. A shared one is used by several ways: one of them may fill the queue of all.
    void open_with(std::shared_ptr<os::UdpSocket> socket, bool is_shared);
    void close() { socket_.reset(); }
    bool is_open() const { return socket_ != nullptr; }
    bool is_shared() const { return is_shared_; }
    const std::shared_ptr<os::UdpSocket>& socket() const { return socket_; }

    // A send of one put begins: what stopped the one before is forgotten.
    void begin() { os_code_ = 0; }
    // Sends as many as the system takes now, from the first on, and returns how many left. After an
    // error that does not pass by waiting, none until the next begin().
    std::size_t send(std::span<const Bytes> datagrams);
    int os_code() const { return os_code_; }  // what stopped the last send(); 0: nothing
    bool is_full() const { return os::passes_by_waiting(os_code_); }
    // Counts datagrams that do not leave by this way.
    void drop(std::size_t datagrams);
    // Lets the end frames have the part of the queue that is kept back for them.
    void use_reserve();

    // Whether the datagrams have to wait, since the system does not know yet how to reach the
    // neighbour behind this address: it keeps few datagrams for the neighbour, and drops the oldest
    // for more. After `at_most` in vain they need not wait, and no others before the way rests.
    bool must_wait_for_neighbour(std::span<const Bytes> datagrams, Instant now,
                                 std::chrono::milliseconds at_most);

    WayInfo info() const;

    std::uint64_t used_at = 0;  // Ways' own: the send that used it last

private:
    bool is_to_one() const;

    const Course course_;
    const std::string name_;
    std::shared_ptr<os::UdpSocket> socket_;
    bool is_shared_ = false;
    std::size_t reserve_bytes_ = 0;
    int os_code_ = 0;

    bool is_neighbour_known_ = false;       // or is not waited for any more
    std::optional<Instant> waits_since_{};  // for the neighbour
    std::size_t unconfirmed_bytes_ = 0;     // since it is not known, as the kernel charges them
    Instant last_sent_{};

    std::uint64_t sent_ = 0, dropped_ = 0;
    int dropped_for_ = 0;  // the system's code, of the last that was dropped
};

}  // namespace mailslot
