#include "carrier/udp/way.h"

#include <algorithm>
#include <utility>

#include "carrier/udp/udp_group.h"

namespace mailslot {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

// Reserved for end frames, so that a full way can report its drops at once. The last piece of
// 65,000 bytes may overrun the buffer's limit, so the reserve is larger than that.
constexpr std::size_t kReserveBytes = 96 * 1024;
// The reserve of a small buffer: a quarter.
constexpr std::size_t kReserveOfAll = 4;

// The most bytes sent to a neighbour before its address is known. The kernel queues 212,992 bytes
// (net.ipv4.neigh.default.unres_qlen_bytes); a further piece must fit as well.
constexpr std::size_t kForNeighbourBytes = 128 * 1024;
// The kernel's charge for a datagram, in addition to its bytes.
constexpr std::size_t kDatagramCharge = 1024;
// A neighbour stays known this long after a send. The kernel keeps neighbours for a minute.
constexpr seconds kNeighbourKeeps{10};

std::size_t charge_for(std::span<const Bytes> datagrams) {
    std::size_t bytes = 0;
    for (const Bytes datagram : datagrams) bytes += datagram.size() + kDatagramCharge;
    return bytes;
}

}  // namespace

void Way::open_with(std::shared_ptr<os::UdpSocket> socket, bool is_shared) {
    socket_ = std::move(socket);
    is_shared_ = is_shared;
    is_neighbour_known_ = false;
    unconfirmed_bytes_ = reserve_bytes_ = 0;
    if (is_shared) return;
    port_ = socket_->local_port();
    const std::size_t all = socket_->send_buffer_bytes();
    reserve_bytes_ = std::min(kReserveBytes, all / kReserveOfAll);
    socket_->limit_send_buffer(all - reserve_bytes_);
}

void Way::use_reserve() {
    if (!socket_ || reserve_bytes_ == 0) return;
    socket_->limit_send_buffer(socket_->send_buffer_bytes() + std::exchange(reserve_bytes_, 0));
}

std::size_t Way::send(std::span<const Bytes> datagrams) {
    if (!socket_ || (os_code_ != 0 && !is_full())) return 0;
    const os::SendOutcome outcome = socket_->send(datagrams, course_.to, course_.outlet);
    os_code_ = outcome.os_code;
    sent_ += outcome.sent;
    if (os_code_ != 0 && !is_full()) is_neighbour_known_ = false;
    if (!is_neighbour_known_) unconfirmed_bytes_ += charge_for(datagrams.first(outcome.sent));
    return outcome.sent;
}

void Way::drop(std::size_t datagrams) {
    if (datagrams == 0) return;
    dropped_ += datagrams;
    dropped_for_ = os_code_;
}

bool Way::is_to_one() const { return course_.to.address != group_address(family()); }

bool Way::must_wait_for_neighbour(std::span<const Bytes> datagrams, Instant now,
                                  milliseconds at_most) {
    if (!is_to_one() || is_shared_ || !socket_) return false;
    if (now - std::exchange(last_sent_, now) > kNeighbourKeeps) {
        is_neighbour_known_ = false;
        unconfirmed_bytes_ = 0;
    }
    if (is_neighbour_known_ || unconfirmed_bytes_ == 0) return false;
    is_neighbour_known_ = socket_->unsent_bytes() == 0;
    if (!is_neighbour_known_ && unconfirmed_bytes_ + charge_for(datagrams) > kForNeighbourBytes) {
        if (!waits_since_) waits_since_ = now;
        is_neighbour_known_ = now - *waits_since_ >= at_most;
        if (!is_neighbour_known_) return true;
    }
    waits_since_.reset();
    return false;
}

WayInfo Way::info() const {
    WayInfo info{name_, sent_, dropped_, {}, {}};
    if (dropped_ == 0) return info;
    info.error =
        os::passes_by_waiting(dropped_for_)
            ? Error{Errc::no_resources, "send", dropped_for_, "the link is slower than the writer"}
            : Error{Errc::unreachable, "send", dropped_for_};
    return info;
}

}  // namespace mailslot
