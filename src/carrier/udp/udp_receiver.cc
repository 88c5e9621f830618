#include "carrier/udp/udp_receiver.h"

#include <algorithm>
#include <array>

#include "model/way.h"
#include "os/interfaces.h"
#include "os/network_state.h"
#include "wire/address_bytes.h"
#include "wire/frame.h"

namespace mailslot {
namespace {

using Family = IpAddress::Family;

// A piece holds up to 64 KiB; untouched pages cost nothing.
constexpr std::size_t kBatchPieces = 32;
constexpr std::size_t kPieceBytes = 64 * 1024;
// Limits a batch, so that its bytes are still in the processor's cache when a reader on the same
// processor gets them (docs/office.md, "Turns").
constexpr std::size_t kBytesAtOnce = 256 * 1024;
static_assert(kPieceBytes > wire::kMaxFrameBytes);
// Messages delivered together, while they are in the processor's cache. The last datagram may
// exceed the limit.
constexpr std::size_t kMessagesAtOnce = 512;
// With 20 IPv4 memberships each on stock Linux: 1280 interfaces. An idle socket costs a descriptor
// and some KiB of kernel memory.
constexpr std::ptrdiff_t kMaxSocketsPerFamily = 64;
// Memberships can vanish silently: the kernel drops them with their interface, which may come back
// with the same index before a check. After a pause of this process a check is due at once.
constexpr std::chrono::seconds kLookAgain{2};
constexpr std::size_t kMemoLinkBytes = 4 + wire::kAddressBytes;

// Returns whether an interface other than the loopback has an address of the family.
bool has_addresses(Family family) {
    const auto interfaces = os::list_interfaces();
    if (!interfaces) return true;  // unknown: assume so
    return std::ranges::any_of(*interfaces, [family](const os::Interface& interface) {
        const auto& addresses = family == Family::v4 ? interface.ipv4 : interface.ipv6;
        return !interface.loopback && !addresses.empty();
    });
}

std::optional<os::Timer> timer_of_system() {
    auto timer = os::Timer::create();
    return timer ? std::optional(std::move(*timer)) : std::nullopt;
}

void count_one(UdpCounters::Count& counter) { counter.fetch_add(1, std::memory_order_relaxed); }

}  // namespace

UdpReceiver::UdpReceiver(const Settings& settings, UdpCounters& counters,
                         trust::ReplayWindows& windows, os::PollSet poll_set,
                         os::InterfaceWatch watch, std::optional<os::Timer> timer,
                         std::optional<os::Timer> report_timer)
    : settings_(settings),
      counters_(counters),
      opener_(settings.keys, clock_, windows),
      sealer_(settings.keys),
      poll_set_(std::move(poll_set)),
      watch_(std::move(watch)),
      timer_(std::move(timer)),
      batch_(kBatchPieces, kPieceBytes, kBytesAtOnce),
      reporter_(
          settings, clock_, std::move(report_timer),
          [this](const Destination& to, const Envelope& report) { send_report(to, report); }) {}

Result<std::unique_ptr<UdpReceiver>> UdpReceiver::open(const Settings& settings,
                                                       UdpCounters& counters,
                                                       trust::ReplayWindows& windows,
                                                       std::vector<ListeningSocket> inherited,
                                                       StreamReporter::Takes takes) {
    auto poll_set = os::PollSet::open();
    if (!poll_set) return poll_set.error();
    auto watch = os::InterfaceWatch::open();
    if (!watch) return watch.error();
    // A sandbox may forbid timers. Then only reported changes lead to a check.
    std::unique_ptr<UdpReceiver> receiver(new UdpReceiver(settings, counters, windows,
                                                          std::move(*poll_set), std::move(*watch),
                                                          timer_of_system(), timer_of_system()));
    std::vector<os::Handle> fds{receiver->watch_.fd()};
    if (receiver->timer_) fds.push_back(receiver->timer_->fd());
    if (const auto fd = receiver->reporter_.timer_fd()) fds.push_back(*fd);
    for (const os::Handle fd : fds) {
        if (auto added = receiver->poll_set_.add(fd); !added) return added.error();
    }
    if (auto adopted = receiver->adopt(std::move(inherited)); !adopted) return adopted.error();
    if (auto bound = receiver->bind_families(); !bound) return bound.error();
    if (auto joined = receiver->follow_interfaces(); !joined) return joined.error();
    if (receiver->timer_) receiver->timer_->set(receiver->clock_.now() + kLookAgain);
    receiver->reporter_.report_groups(std::move(takes));
    return receiver;
}

// A single family is enough if the system lacks the other. Fails if the port is taken or resources
// are short: then the caller may try again later.
Result<void> UdpReceiver::bind_families() {
    std::optional<Error> failed;
    for (const Family family : {Family::v4, Family::v6}) {
        if (!is_chosen(settings_.families, family)) continue;
        if (std::ranges::count(sockets_, family, &os::UdpSocket::family) > 0) continue;  // adopted
        auto added = add_socket(family);
        if (added) continue;
        const Error& error = added.error();
        if (error.code == Errc::port_taken || error.code == Errc::no_resources) return error;
        if (!failed) failed = error;
        if (!heard_in_part_ && has_addresses(family)) {
            heard_in_part_ =
                Error{error.code, "one address family", error.os_code,
                      family == Family::v4 ? "cannot receive by IPv4" : "cannot receive by IPv6",
                      Reason::one_family};
        }
    }
    if (sockets_.empty()) return failed.value();
    return {};
}

// An inherited socket may keep the port; only a socket that also does can be bound beside it.
os::PortUse UdpReceiver::port_use() const {
    const bool keeps =
        settings_.keeps_port || std::ranges::any_of(sockets_, &os::UdpSocket::keeps_port);
    return keeps ? os::PortUse::kept : os::PortUse::shared;
}

Result<std::size_t> UdpReceiver::add_socket(Family family) {
    auto socket =
        os::UdpSocket::bind(family, settings_.port, settings_.receive_buffer_bytes, port_use());
    if (!socket) return socket.error();
    return add_socket(std::move(*socket));
}

Result<std::size_t> UdpReceiver::add_socket(os::UdpSocket socket) {
    if (auto added = poll_set_.add(socket.fd()); !added) return added.error();
    socket.tell_arrivals();                      // for reports
    socket.limit_hops(settings_.hop_limit);      // for answers
    drops_of_.push_back(socket.kernel_drops());  // not 0 if another process used the socket before
    sockets_.push_back(std::move(socket));
    return sockets_.size() - 1;
}

// A memo lists the interfaces that the socket has joined: 4 bytes for the index, 21 for the address
// to send from.
Result<void> UdpReceiver::adopt(std::vector<ListeningSocket> inherited) {
    for (ListeningSocket& handed : inherited) {
        auto socket = os::UdpSocket::adopt(std::move(handed.fd), settings_.port,
                                           settings_.receive_buffer_bytes, port_use());
        if (!socket || !is_chosen(settings_.families, socket->family())) continue;
        const Family family = socket->family();
        auto added = add_socket(std::move(*socket));
        if (!added) return added.error();
        for (ByteReader in(handed.memo); in.left() > 0 && in.ok();) {
            Link link{family, in.u32be()};
            link.source = wire::take_address(in);
            if (in.ok()) memberships_.push_back({link, *added});
        }
    }
    return {};
}

std::vector<ListeningSocket> UdpReceiver::release() {
    std::vector<ListeningSocket> released;
    for (std::size_t i = 0; i < sockets_.size(); ++i) {
        released.push_back({sockets_[i].release(), memo_of(i)});
    }
    return released;
}

std::vector<ListeningSocket> UdpReceiver::lend() const {
    std::vector<ListeningSocket> lent;
    for (std::size_t i = 0; i < sockets_.size(); ++i) {
        lent.push_back({os::GuardedFd::duplicate(sockets_[i].fd()), memo_of(i)});
    }
    return lent;
}

std::vector<std::byte> UdpReceiver::memo_of(std::size_t socket) const {
    std::vector<std::byte> memo(memberships_.size() * kMemoLinkBytes);
    ByteWriter out(memo);
    for (const Membership& m : memberships_) {
        if (m.socket != socket) continue;
        out.u32be(m.link.interface_index);
        wire::put_address(out, m.link.source);
    }
    memo.resize(out.size());
    return memo;
}

// Checks the interfaces after a change, and the memberships at intervals.
void UdpReceiver::look_at_interfaces(bool is_time) {
    const bool has_changed = watch_.changed();
    if (is_time) timer_->set(clock_.now() + kLookAgain);
    if (!has_changed && is_all_joined_ && !has_lost_membership()) return;
    // If resources are short, memberships stay, and the next check tries again.
    if (!follow_interfaces()) is_all_joined_ = false;
}

// Returns whether the kernel has dropped a membership in memberships_.
bool UdpReceiver::has_lost_membership() const {
    for (const Family family : {Family::v4, Family::v6}) {
        const auto joined = os::joined_interfaces(group_address(family));
        if (!joined) continue;
        for (const Membership& m : memberships_) {
            const bool is_there = std::ranges::count(*joined, m.link.interface_index) > 0;
            if (m.link.family == family && !is_there) return true;
        }
    }
    return false;
}

// Joins on new interfaces and addresses, leaves on old ones, and joins again where the kernel
// dropped the membership.
Result<void> UdpReceiver::follow_interfaces() {
    auto interfaces = os::list_interfaces();
    if (!interfaces) return interfaces.error();
    allowed_ = allowed_interfaces(*interfaces, settings_);
    const std::vector<Link> wanted = listening_links(*interfaces, settings_);
    leave_all_but(wanted);
    leave_lost();
    std::uint64_t deaf = 0;
    for (const Link& link : wanted) {
        const auto joined = [&](const Membership& m) { return m.link == link; };
        if (std::ranges::none_of(memberships_, joined) && !join(link)) ++deaf;
    }
    counters_.deaf_interfaces.store(deaf, std::memory_order_relaxed);
    is_all_joined_ = deaf == 0;
    interfaces_ = std::move(*interfaces);
    return {};
}

// An interface that has vanished takes a place in its socket's list until the socket leaves.
void UdpReceiver::leave_all_but(const std::vector<Link>& wanted) {
    std::erase_if(memberships_, [&](const Membership& m) {
        if (std::ranges::find(wanted, m.link) != wanted.end()) return false;
        sockets_[m.socket].leave(group_address(m.link.family), m.link.interface_index);
        return true;
    });
}

// Leaves lost memberships: they are still in the socket's list, so that joining again would succeed
// without effect. Nothing came by them, so leaving first loses nothing.
void UdpReceiver::leave_lost() {
    for (const Family family : {Family::v4, Family::v6}) {
        const auto joined = os::joined_interfaces(group_address(family));
        std::erase_if(memberships_, [&](const Membership& m) {
            const auto is_of = [&m](const auto& list) {
                return std::ranges::count(list, m.link.interface_index) > 0;
            };
            const bool is_lost = is_of(watch_.removed()) || (joined && !is_of(*joined));
            if (m.link.family != family || !is_lost) return false;
            sockets_[m.socket].leave(group_address(family), m.link.interface_index);
            return true;
        });
    }
}

bool UdpReceiver::join(const Link& link) {
    const IpAddress group = group_address(link.family);
    for (std::size_t i = 0; i < sockets_.size(); ++i) {
        if (sockets_[i].family() != link.family) continue;
        auto joined = sockets_[i].join(group, link.interface_index);
        if (joined) memberships_.push_back({link, i});
        if (joined || joined.error().code != Errc::no_resources) return joined.has_value();
    }
    const auto have = std::ranges::count(sockets_, link.family, &os::UdpSocket::family);
    if (have == 0 || have >= kMaxSocketsPerFamily) return false;  // 0: the system lacks the family
    auto further = add_socket(link.family);
    if (!further || !sockets_[*further].join(group, link.interface_index)) return false;
    memberships_.push_back({link, *further});
    return true;
}

bool UdpReceiver::receive(const Carrier::Deliver& deliver) {
    // A single poll instead of a call for each idle descriptor: usually two are idle.
    const std::vector<os::Handle>& readable = poll_set_.readable();
    const auto has_work = [&](os::Handle fd) { return std::ranges::count(readable, fd) > 0; };
    const bool is_time = timer_ && has_work(timer_->fd());
    if (is_time || has_work(watch_.fd())) look_at_interfaces(is_time);
    bool more = false;
    for (std::size_t i = 0; i < sockets_.size(); ++i) {
        if (!has_work(sockets_[i].fd())) continue;
        deliver_all(i, sockets_[i].receive(batch_), deliver);
        more = more || batch_.is_full();
    }
    reporter_.send_due(sockets_);
    return more;
}

void UdpReceiver::deliver_all(std::size_t socket, std::span<const os::Datagram> datagrams,
                              const Carrier::Deliver& deliver) {
    counters_.rx_datagrams.fetch_add(datagrams.size(), std::memory_order_relaxed);
    opener_.begin_batch();
    for (const os::Datagram& datagram : datagrams) {
        note_drops(socket, datagram.kernel_drops);
        if (is_allowed(datagram.interface_index)) {
            decode(socket, datagram);
        } else {
            count_one(counters_.rx_other_interface);
        }
        if (decoded_ >= kMessagesAtOnce) deliver_decoded(deliver);
    }
    if (decoded_ > 0) deliver_decoded(deliver);
}

// The socket's count wraps around; drops_ does not.
void UdpReceiver::note_drops(std::size_t socket, std::uint32_t drops) {
    drops_ += static_cast<std::uint32_t>(drops - drops_of_[socket]);
    drops_of_[socket] = drops;
}

void UdpReceiver::deliver_decoded(const Carrier::Deliver& deliver) {
    deliver(parcels_);
    parcels_.clear();
    decoded_ = 0;
}

bool UdpReceiver::is_allowed(std::uint32_t interface_index) const {
    return settings_.interfaces.empty() ||
           std::ranges::find(allowed_, interface_index) != allowed_.end();
}

// If the group reaches beyond the link, askers may be anywhere.
bool UdpReceiver::is_from_neighbour(const os::Datagram& datagram) const {
    if (settings_.hop_limit > 1) return true;
    const auto came_by =
        std::ranges::find(interfaces_, datagram.interface_index, &os::Interface::index);
    return came_by != interfaces_.end() && os::is_neighbour(*came_by, datagram.from.address);
}

UdpCounters::Count& UdpReceiver::counter_of(trust::Verdict why) {
    switch (why) {
        case trust::Verdict::unknown_version:
            return counters_.rx_unknown_version;
        case trust::Verdict::sealed:
            return counters_.rx_sealed;
        case trust::Verdict::copy:
            return counters_.rx_sealed_copies;
        case trust::Verdict::not_trusted:
            return counters_.rx_not_trusted;
        case trust::Verdict::wrong_time:
            return counters_.rx_wrong_time;
        default:
            return counters_.rx_bad_packet;
    }
}

void UdpReceiver::decode(std::size_t socket, const os::Datagram& datagram) {
    if (datagram.cut) return count_one(counters_.rx_bad_packet);  // larger than an IP datagram
    Parcel& parcel = parcels_.emplace_back();
    const trust::Verdict verdict = opener_.take(datagram.bytes, datagram.to, parcel);
    if (verdict != trust::Verdict::taken) {
        count_one(counter_of(verdict));
        if (parcel.envelope.kind != Kind::copy) return parcels_.pop_back();
    }
    parcel.envelope.from_address = datagram.from.address;
    parcel.envelope.from_port = datagram.from.port;
    parcel.envelope.to_address = datagram.to;
    if (parcel.envelope.kind == Kind::query) {
        parcel.envelope.is_from_neighbour = is_from_neighbour(datagram);
    }
    parcel.kernel_drops = drops_;
    parcel.way = way_of(datagram.from, datagram.to, datagram.interface_index);
    decoded_ += parcel.size();
    reporter_.hear(datagram, parcel, socket, drops_of_[socket]);
}

std::uint64_t UdpReceiver::kernel_drops() const {
    std::uint64_t drops = 0;
    for (const os::UdpSocket& socket : sockets_) drops += socket.kernel_drops();
    return drops;
}

// A stream may come from beyond the link. Unlike an answer, a report is far smaller than the
// datagrams that caused it, so it may follow them back.
void UdpReceiver::send_report(const Destination& to, const Envelope& report) {
    const auto socket = std::ranges::find(sockets_, to.address.family, &os::UdpSocket::family);
    if (socket == sockets_.end()) return;
    socket->use_all_hops();
    (void)answer(to, {&report, 1});
    socket->limit_hops(settings_.hop_limit);
}

// Sends from the port and address that the query came to, so that the asker's firewall recognizes
// the answer. If that address has vanished, the system chooses.
os::SendOutcome UdpReceiver::send_answer(os::UdpSocket& socket, Bytes frame,
                                         const Destination& to) {
    const Endpoint there{to.address, to.port};
    if (to.source.is_unicast()) {
        const auto sent = socket.send({&frame, 1}, there, {to.address.scope_id, to.source});
        if (sent.sent == 1) return sent;
    }
    return socket.send({&frame, 1}, there);
}

Result<std::size_t> UdpReceiver::answer(const Destination& to, std::span<const Envelope> answers) {
    const auto socket = std::ranges::find(sockets_, to.address.family, &os::UdpSocket::family);
    if (socket == sockets_.end()) return Error{Errc::unreachable, "answer"};
    if (auto chosen = sealer_.choose(to); !chosen) return chosen.error();
    std::size_t sent = 0;
    for (const Envelope& answer : answers) {
        std::array<std::byte, kMaxDatagramBytes> buffer;
        const Bytes frame =
            wire::encode_single(std::span(buffer).first(sealer_.max_frame_bytes()), answer);
        if (frame.empty()) return Error{Errc::message_too_big, "answer"};
        const auto outcome = send_answer(*socket, sealer_.seal({&frame, 1})[0], to);
        count_one(outcome.sent == 1 ? counters_.answers : counters_.answers_failed);
        if (outcome.sent == 0) return Error{Errc::unreachable, "answer", outcome.os_code};
        ++sent;
    }
    return sent;
}

}  // namespace mailslot
