#include "carrier/netbios/netbios_receiver.h"

#include <algorithm>
#include <optional>
#include <utility>

namespace mailslot {
namespace {

using Family = IpAddress::Family;

// The kernel merges datagrams of the same size and sender into pieces of up to 64 KiB.
constexpr std::size_t kBatchPieces = 16, kPieceBytes = 64 * 1024;
// Bursts on the classic wire are small; datagrams beyond this limit wait for the next round.
constexpr std::size_t kBufferBytes = 1024 * 1024;

// Interval of attempts to connect to nmbd; no other process is woken.
constexpr std::chrono::seconds kLookForNmbdEvery{60};

bool is_official(const NetbiosPorts& ports) { return ports.names == NetbiosPorts{}.names; }

// Returns another receiver's socket for the port, if it handed one over.
std::optional<os::UdpSocket> adopt(std::vector<ListeningSocket>& inherited, std::uint16_t port) {
    for (ListeningSocket& handed : inherited) {
        const bool is_it = handed.memo.size() == 2 && load_u16be(handed.memo.data()) == port;
        if (!is_it || !handed.fd) continue;
        auto socket = os::UdpSocket::adopt(std::move(handed.fd), port, kBufferBytes);
        if (socket && socket->family() == Family::v4) return socket;
    }
    return std::nullopt;
}

Result<os::UdpSocket> bind(std::uint16_t port) {
    auto socket = os::UdpSocket::bind(Family::v4, port, kBufferBytes);
    if (socket) return socket;
    Error error = socket.error();
    error.reason = Reason::classic_port;
    if (error.code != Errc::no_permission) return error;
    error.detail +=
        ": ports below 1024 need CAP_NET_BIND_SERVICE, which classic-wire.conf gives to the service"
        " mailslotd (docs/windows.md); or: sysctl net.ipv4.ip_unprivileged_port_start=137";
    return error;
}

ListeningSocket listening(os::GuardedFd fd, std::uint16_t port) {
    return {std::move(fd), {std::byte(port >> 8), std::byte(port)}};
}

}  // namespace

NetbiosReceiver::NetbiosReceiver(const Settings& settings, const OwnNames& names,
                                 NetbiosPorts ports, Counters counters, Parts parts)
    : settings_(settings),
      ports_(ports),
      counters_(counters),
      poll_set_(std::move(parts.poll_set)),
      watch_(std::move(parts.watch)),
      timer_(std::move(parts.timer)),
      names_socket_(std::move(parts.names)),
      datagrams_socket_(std::move(parts.datagrams)),
      batch_(kBatchPieces, kPieceBytes),
      names_(names, clock_, random_),
      intake_(names, clock_, random_, counters.datagrams, settings.keys) {}

Result<std::unique_ptr<NetbiosReceiver>> NetbiosReceiver::open(
    const Settings& settings, const OwnNames& names, NetbiosPorts ports, Counters counters,
    std::vector<ListeningSocket> inherited) {
    auto poll_set = os::PollSet::open();
    if (!poll_set) return poll_set.error();
    auto watch = os::InterfaceWatch::open();
    if (!watch) return watch.error();
    auto timer = os::Timer::create();
    if (!timer) return timer.error();
    auto adopted_names = adopt(inherited, ports.names);
    auto adopted_datagrams = adopt(inherited, ports.datagrams);
    const bool are_names_ours = adopted_names && adopted_datagrams;
    auto names_socket =
        adopted_names ? Result<os::UdpSocket>(std::move(*adopted_names)) : bind(ports.names);
    if (!names_socket) return names_socket.error();
    auto datagrams_socket = adopted_datagrams ? Result<os::UdpSocket>(std::move(*adopted_datagrams))
                                              : bind(ports.datagrams);
    if (!datagrams_socket) return datagrams_socket.error();
    std::unique_ptr<NetbiosReceiver> receiver(
        new NetbiosReceiver(settings, names, ports, counters,
                            {std::move(*poll_set), std::move(*watch), std::move(*timer),
                             std::move(*names_socket), std::move(*datagrams_socket)}));
    if (auto begun = receiver->begin(are_names_ours); !begun) return begun.error();
    return receiver;
}

Result<void> NetbiosReceiver::begin(bool are_names_ours) {
    names_socket_.allow_broadcast();
    for (const os::Handle fd :
         {watch_.fd(), timer_.fd(), names_socket_.fd(), datagrams_socket_.fd()}) {
        if (auto added = poll_set_.add(fd); !added) return added;
    }
    if (auto followed = follow_interfaces(are_names_ours); !followed) return followed;
    send_names();
    return {};
}

Result<void> NetbiosReceiver::follow_interfaces(bool are_names_ours) {
    const auto interfaces = os::list_interfaces();
    if (!interfaces) return interfaces.error();
    subnets_ = subnets_of(*interfaces, settings_);
    names_.set_subnets(subnets_, are_names_ours);
    return {};
}

bool NetbiosReceiver::receive(const Carrier::Deliver& deliver) {
    // On failure the known subnets stay, and the next change tries again.
    if (watch_.changed()) (void)follow_interfaces(false);
    const bool more_names = receive_names();
    const bool more_datagrams = receive_datagrams(deliver);
    receive_strays(deliver);
    send_names();
    return more_names || more_datagrams;
}

bool NetbiosReceiver::is_allowed(const os::Datagram& datagram) const {
    // Came by an interface that the settings name, or from this machine itself.
    return settings_.interfaces.empty() ||
           subnet_of(subnets_, datagram.interface_index, datagram.from.address) != nullptr;
}

bool NetbiosReceiver::receive_names() {
    for (const os::Datagram& datagram : names_socket_.receive(batch_)) {
        if (datagram.cut || !is_allowed(datagram)) continue;
        names_.hear(datagram.bytes, datagram.from, datagram.interface_index);
    }
    return batch_.is_full();
}

bool NetbiosReceiver::receive_datagrams(const Carrier::Deliver& deliver) {
    for (const os::Datagram& datagram : datagrams_socket_.receive(batch_)) {
        if (datagram.cut || !is_allowed(datagram)) continue;
        deliver_packet(datagram.bytes, datagram.from, deliver);
    }
    return batch_.is_full();
}

void NetbiosReceiver::deliver_packet(Bytes packet, const Endpoint& from,
                                     const Carrier::Deliver& deliver) {
    const auto parcel = intake_.take(packet, from, subnets_);
    if (parcel) deliver({&*parcel, 1});
}

// Takes unicast datagrams to this machine if an nmbd has bound its addresses. Broadcasts come to
// both sockets, and are dropped as repeats.
void NetbiosReceiver::receive_strays(const Carrier::Deliver& deliver) {
    look_for_nmbd();
    if (!strays_) return;
    const auto came = strays_->receive();
    if (!came) return strays_.reset();
    for (const Stray& stray : *came) deliver_packet(stray.bytes, stray.from, deliver);
}

void NetbiosReceiver::look_for_nmbd() {
    if (strays_ || clock_.now() < look_for_nmbd_at_ || !is_official(ports_)) return;
    look_for_nmbd_at_ = clock_.now() + kLookForNmbdEvery;
    auto strays = NmbdStrays::open(kNmbdStraysPath);
    if (strays && poll_set_.add(strays->fd())) strays_ = std::move(*strays);
}

// Sends questions and answers that are due, and sets the timer to the next.
void NetbiosReceiver::send_names() {
    names_.tick();
    for (const NameService::Outgoing& packet : names_.take_outgoing()) {
        const Bytes bytes = packet.bytes;
        names_socket_.send({&bytes, 1}, packet.to, {packet.by.interface_index, packet.by.address});
    }
    const auto next = names_.next_tick();
    const bool looks_for_nmbd =
        !strays_ && is_official(ports_) && (!next || look_for_nmbd_at_ < *next);
    timer_.set(looks_for_nmbd ? look_for_nmbd_at_ : next);
    std::uint64_t ours = 0, refused = 0;
    for (const NameService::Held& held : names_.held()) {
        ours += held.standing == NameService::Standing::ours;
        refused += held.standing == NameService::Standing::refused;
    }
    counters_.names.packets = names_.counters().packets;
    counters_.names.bad_packets = names_.counters().bad_packets;
    counters_.names.names = ours;
    counters_.names.names_refused = refused;
}

std::uint64_t NetbiosReceiver::kernel_drops() const { return datagrams_socket_.kernel_drops(); }

std::vector<ListeningSocket> NetbiosReceiver::release() {
    std::vector<ListeningSocket> released;
    released.push_back(listening(names_socket_.release(), ports_.names));
    released.push_back(listening(datagrams_socket_.release(), ports_.datagrams));
    return released;
}

std::vector<ListeningSocket> NetbiosReceiver::lend() const {
    std::vector<ListeningSocket> lent;
    lent.push_back(listening(os::GuardedFd::duplicate(names_socket_.fd()), ports_.names));
    lent.push_back(listening(os::GuardedFd::duplicate(datagrams_socket_.fd()), ports_.datagrams));
    return lent;
}

void NetbiosReceiver::give_names_back() {
    names_.release_all();
    send_names();
}

}  // namespace mailslot
