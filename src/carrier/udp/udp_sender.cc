#include "carrier/udp/udp_sender.h"

#include <algorithm>
#include <thread>

#include "base/check.h"
#include "trust/seal.h"
#include "wire/frame.h"

namespace mailslot {
namespace {

using Family = IpAddress::Family;

// A full socket buffer empties at the speed of the link: 1 ms lets some ten datagrams of a 100
// Mbit/s link go.
constexpr std::chrono::milliseconds kWait{1};
constexpr std::chrono::milliseconds kWaitForPeer{100};  // of a name, by a writer's first message
constexpr int kWaitsWithoutProgress = 5;  // a buffer that does not move for so long is stuck
constexpr int kWaitsOfOneSend =
    200;  // time for the largest message on a slow link; the writer waits so long

}  // namespace

Result<std::size_t> UdpSender::send(const Destination& to, std::span<const Envelope> messages) {
    if (auto chosen = choose_key(to); !chosen) return chosen.error();
    const std::size_t most = key_ != nullptr ? trust::kMaxPlainBytes : kMaxDatagramBytes;
    if (auto fits = packer_.begin(to, messages, most); !fits) return fits.error();
    if (messages.empty()) return 0;
    if (auto found = find_routes(to.address); !found) return found.error();
    waits_left_ = kWaitsOfOneSend;
    std::size_t taken = 0;
    for (auto datagrams = packer_.next(); !datagrams.empty(); datagrams = packer_.next()) {
        const std::size_t left = send_batch(datagrams);
        taken = packer_.messages_done(left);
        if (left < datagrams.size()) break;
    }
    if (taken == 0) return no_way_out();
    return taken;
}

Result<std::size_t> UdpSender::send_packed(const Destination& to, std::span<const Bytes> frames) {
    if (frames.empty()) return 0;
    if (auto chosen = choose_key(to); !chosen) return chosen.error();
    if (auto found = find_routes(to.address); !found) return found.error();
    waits_left_ = kWaitsOfOneSend;
    const std::size_t left = send_batch(frames);
    if (left == 0) return no_way_out();
    return left;
}

Result<void> UdpSender::choose_key(const Destination& to) {
    key_ = nullptr;
    const bool is_named = to.scope == Scope::named;
    using Choice = trust::KeysView::Choice;
    const auto choice = to.in_clear
                            ? Choice{}
                            : keys_.choose(is_named ? std::string_view(to.to) : std::string_view());
    if (choice.error) return *choice.error;
    if (choice.domain == nullptr) return {};
    key_ = &*choice.domain->current;
    target_ = trust::target_of(to.scope == Scope::direct ? to.address : IpAddress{});
    return {};
}

// One behind the other in memory: those of one size stay one piece to the system.
std::span<const Bytes> UdpSender::seal_all(std::span<const Bytes> frames) {
    std::size_t room = 0;
    for (const Bytes frame : frames) room += frame.size() + wire::kSealBytes;
    if (sealed_memory_.size() < room) sealed_memory_.resize(room);
    sealed_.clear();
    trust::Stamp stamp = keys_.keys().sealer().next(frames.size());
    std::span<std::byte> rest(sealed_memory_);
    for (const Bytes frame : frames) {
        const Bytes sealed = trust::seal(rest, frame, key_->secret, key_->id, stamp, target_);
        MAILSLOT_CHECK(!sealed.empty());  // a frame of ours, and room for it
        sealed_.push_back(sealed);
        rest = rest.subspan(sealed.size());
        ++stamp.counter;
    }
    return sealed_;
}

// How long the datagrams have to wait. A lone one is slow enough by itself; more could outrun
// their readers. A reader hears both families, but one link. `datagrams` are the frames, sealed or
// not.
void UdpSender::keep_pace(std::span<const Bytes> frames, std::span<const Bytes> datagrams) {
    if (datagrams.size() < 2) return;
    std::size_t bytes = 0, copies = 0, size_before = 0;
    for (std::size_t i = 0; i < datagrams.size(); ++i) {
        const std::size_t size = datagrams[i].size();
        bytes += std::max(size, kLeastMessageBytes * wire::messages_in(frames[i]));
        if (size != size_before) bytes += kApartBytes;
        size_before = size;
    }
    for (const Family family : {Family::v4, Family::v6}) {
        copies += std::ranges::any_of(
            routes_, [family](const Route& route) { return route.socket->family() == family; });
    }
    std::size_t weighed = bytes * copies * (is_to_many_ ? kWeightOfMany : 1);
    if (key_ != nullptr) weighed = weighed * kHundredthsOfSealed / 100;
    const auto wait = pacer_.count(weighed, std::chrono::steady_clock::now());
    if (wait > wait.zero()) std::this_thread::sleep_for(wait);
}

// Sends each datagram by every route. Returns how many left by at least one.
std::size_t UdpSender::send_batch(std::span<const Bytes> frames) {
    const std::span<const Bytes> datagrams = key_ != nullptr ? seal_all(frames) : frames;
    keep_pace(frames, datagrams);
    std::size_t left_by_any = 0, left_in_all = 0;
    for (Route& route : routes_) {
        const std::size_t left = send_by(route, datagrams);
        left_by_any = std::max(left_by_any, left);
        left_in_all += left;
    }
    // The first that left by no route was tried, those behind it are as if never put.
    const std::size_t tried = std::min(left_by_any + 1, datagrams.size());
    counters_.tx_datagrams.fetch_add(left_in_all, std::memory_order_relaxed);
    counters_.tx_failed.fetch_add(tried * routes_.size() - left_in_all, std::memory_order_relaxed);
    return left_by_any;
}

std::size_t UdpSender::send_by(Route& route, std::span<const Bytes> datagrams) {
    std::size_t left = 0;
    int waits = 0;
    while (route.os_code == 0 && left < datagrams.size()) {
        const os::SendOutcome outcome =
            route.socket->send(datagrams.subspan(left), route.to, route.outlet);
        left += outcome.sent;
        if (outcome.os_code == 0) continue;
        if (outcome.sent > 0) waits = 0;
        const bool patient = ++waits <= kWaitsWithoutProgress && waits_left_ > 0;
        if (patient && os::passes_by_waiting(outcome.os_code)) {
            --waits_left_;
            route.socket->wait_for_room(kWait);
        } else {
            route.os_code = outcome.os_code;
        }
    }
    return left;
}

Result<void> UdpSender::find_routes(const IpAddress& address) {
    routes_.clear();
    socket_error_.reset();
    const bool to_group = address.family == Family::none;
    is_to_many_ = to_group;
    // A link-local address says nothing about the link: without a scope it may be on any of them.
    const bool on_any_link =
        address.family == Family::v6 && address.is_link_local() && address.scope_id == 0;
    if (!to_group && !on_any_link) {
        add_route(address.family, address);
    } else {
        if (auto refreshed = refresh_links(); !refreshed) return refreshed;
        for (const Link& link : links_) {
            const os::Outlet outlet{link.interface_index, link.source};
            if (to_group) add_route(link.family, group_address(link.family), outlet);
            if (on_any_link && link.family == Family::v6) add_route(link.family, address, outlet);
        }
    }
    if (to_group && settings_.unicast_peers) add_peers();
    if (routes_.empty()) return no_way_out();
    return {};
}

// Machines that the group does not reach. Who hears both gets repeats, and drops them.
void UdpSender::add_peers() {
    const bool is_first = !peer_resolver_;
    if (is_first) peer_resolver_ = std::make_unique<HostResolver>(settings_, clock_);
    // Later ones take what is known by then.
    const auto wait = is_first ? kWaitForPeer : kWaitForPeer.zero();
    for (const IpAddress& address : peer_resolver_->resolve_peers(wait)) {
        add_route(address.family, address);
    }
}

void UdpSender::add_route(Family family, const IpAddress& address, const os::Outlet& outlet) {
    if (os::UdpSocket* socket = socket_for(family)) {
        routes_.push_back({socket, {address, settings_.port}, outlet});
    }
}

// Reads the list of interfaces anew if they changed.
Result<void> UdpSender::refresh_links() {
    const bool first = !watch_;
    if (first) {
        auto watch =
            os::InterfaceWatch::open();  // before the list is read, so that no change is missed
        if (!watch) return watch.error();
        watch_ = std::move(*watch);
    }
    if (!watch_->changed() && !first) return {};
    auto interfaces = os::list_interfaces();
    if (!interfaces) {
        watch_.reset();  // so that the next send tries again
        return interfaces.error();
    }
    links_ = sending_links(*interfaces, settings_);
    return {};
}

os::UdpSocket* UdpSender::socket_for(Family family) {
    auto& socket = family == Family::v4 ? v4_ : v6_;
    if (!socket) {
        auto opened = os::UdpSocket::open_for_sending(family, settings_.hop_limit);
        if (!opened) {
            socket_error_ = opened.error();
            return nullptr;
        }
        socket = std::move(*opened);
    }
    return &*socket;
}

Error UdpSender::no_way_out() const {
    for (const Route& route : routes_) {
        if (os::passes_by_waiting(route.os_code)) {
            return Error{Errc::no_resources, "send", route.os_code,
                         "the network is slower than the writer"};
        }
    }
    for (const Route& route : routes_) {
        if (route.os_code != 0) return Error{Errc::unreachable, "send", route.os_code};
    }
    if (socket_error_) return *socket_error_;
    return Error{Errc::unreachable, "send", 0, "no network interface is up"};
}

}  // namespace mailslot
