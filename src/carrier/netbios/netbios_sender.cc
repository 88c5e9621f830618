#include "carrier/netbios/netbios_sender.h"

#include <algorithm>
#include <condition_variable>
#include <deque>
#include <mutex>
#include <string>
#include <utility>
#include <vector>

#include "carrier/netbios/classic_packer.h"
#include "carrier/netbios/name_finder.h"
#include "carrier/netbios/subnets.h"
#include "os/interfaces.h"
#include "os/system_random.h"
#include "os/thread.h"
#include "os/udp_socket.h"

namespace mailslot {
namespace {

using wire::DatagramType;
using Family = IpAddress::Family;

constexpr std::size_t kAnswersAtOnce = 16, kAnswerBytes = 2048;

Error nobody(const wire::NetbiosName& name) {
    std::string text = wire::to_string(name);
    return Error{Errc::unreachable, "find", 0, "no machine answers to the NetBIOS name " + text};
}

}  // namespace

// The mutex guards all members but the settings and `settled`.
struct NetbiosSender::State {
    struct Waiting {
        wire::NetbiosName name{};
        std::vector<std::byte> write{};
    };

    State(Settings chosen, OwnNames own, NetbiosPorts to_ports)
        : settings(std::move(chosen)), names(std::move(own)), ports(to_ports) {}

    const Settings settings;
    const OwnNames names;
    const NetbiosPorts ports;
    const SystemClock clock{};
    os::SystemRandom random;
    std::mutex mutex;
    std::condition_variable settled;
    NameFinder finder{clock, random};
    std::deque<Waiting> waiting;
    bool is_working = false;  // the thread is running
    bool is_given_up = false;
    std::optional<Error> late_error;
    std::uint64_t sent = 0, failed = 0;

    std::optional<os::InterfaceWatch> watch;
    std::vector<Subnet> subnets;
    std::optional<os::UdpSocket> by_port;  // from the official port, if allowed
    std::optional<os::UdpSocket> plain;    // from any port; also for questions and answers

    Result<void> prepare();
    Result<void> send(const wire::NetbiosName& name, Bytes write);
    Result<void> send_to_all(const ClassicTarget& to, Bytes write);
    Result<void> send_to(const ClassicTarget& to, const IpAddress& address, Bytes write);
    bool send_by(const Subnet* by, const ClassicTarget& to, const IpAddress& address,
                 std::uint16_t id, Bytes write);
    Result<void> wait_for(const wire::NetbiosName& name, Bytes write);
    void ask();
    void settle();
    void hear(os::DatagramBatch& batch);
    void work();
};

// Opens the sockets and updates the list of subnets.
// Errors: no_resources, no_permission, unreachable.
Result<void> NetbiosSender::State::prepare() {
    if (!plain) {
        auto socket = os::UdpSocket::open_for_sending(Family::v4, 1);
        if (!socket) return socket.error();
        socket->allow_broadcast();
        plain = std::move(*socket);
        auto second = os::UdpSocket::open_for_sending(Family::v4, 1);
        if (second && second->send_from(ports.datagrams)) {
            second->allow_broadcast();
            by_port = std::move(*second);
        }
    }
    const bool is_first = !watch;
    if (is_first) {
        auto opened = os::InterfaceWatch::open();
        if (!opened) return opened.error();
        watch = std::move(*opened);
    }
    if (watch->changed() || is_first) {
        const auto interfaces = os::list_interfaces();
        if (!interfaces) {
            watch.reset();
            return interfaces.error();
        }
        subnets = subnets_of(*interfaces, settings);
    }
    if (!subnets.empty()) return {};
    return Error{Errc::unreachable, "send", 0, "no network interface with an IPv4 address is up"};
}

Result<void> NetbiosSender::State::send(const wire::NetbiosName& name, Bytes write) {
    const OwnName* const own = names.find(name);
    if (own != nullptr && own->is_group) {
        return send_to_all({name, DatagramType::direct_group}, write);
    }
    const NameFinder::Found found = finder.look_up(name);
    if (finder.next_tick()) ask();
    switch (found.standing) {
        case NameFinder::Standing::absent:
            return nobody(name);
        case NameFinder::Standing::asked:
            return wait_for(name, write);
        case NameFinder::Standing::found:
            break;
    }
    if (found.is_group) return send_to_all({name, DatagramType::direct_group}, write);
    return send_to({name, DatagramType::direct_unique}, found.address, write);
}

Result<void> NetbiosSender::State::send_to_all(const ClassicTarget& to, Bytes write) {
    const auto id = static_cast<std::uint16_t>(random.u64());
    bool has_left = false;
    for (const Subnet& subnet : subnets) {
        if (send_by(&subnet, to, subnet.broadcast(), id, write)) has_left = true;
    }
    if (has_left) return {};
    return Error{Errc::unreachable, "send", 0, "no interface can broadcast"};
}

Result<void> NetbiosSender::State::send_to(const ClassicTarget& to, const IpAddress& address,
                                           Bytes write) {
    const auto by = std::ranges::find_if(
        subnets, [&address](const Subnet& subnet) { return subnet.contains(address); });
    const auto id = static_cast<std::uint16_t>(random.u64());
    if (send_by(by == subnets.end() ? nullptr : &*by, to, address, id, write)) return {};
    return Error{Errc::unreachable, "send", 0, to_string(address)};
}

// `by` null: the system chooses the interface.
bool NetbiosSender::State::send_by(const Subnet* by, const ClassicTarget& to,
                                   const IpAddress& address, std::uint16_t id, Bytes write) {
    if (subnets.empty()) {  // lost while the question was open
        ++failed;
        return false;
    }
    std::array<std::byte, kMaxClassicDatagram> buffer;
    const IpAddress& source = by != nullptr ? by->address : subnets.front().address;
    const Bytes datagram = pack_datagram(buffer, names.machine, to, source, id, write);
    const Endpoint target{address, ports.datagrams};
    const os::Outlet outlet =
        by != nullptr ? os::Outlet{by->interface_index, by->address} : os::Outlet{};
    os::UdpSocket& socket = by != nullptr && by_port ? *by_port : *plain;
    const bool has_left = socket.send({&datagram, 1}, target, outlet).sent == 1;
    ++(has_left ? sent : failed);
    return has_left;
}

// Keeps the write for the thread, which start_work() starts.
Result<void> NetbiosSender::State::wait_for(const wire::NetbiosName& name, Bytes write) {
    if (waiting.size() >= kMaxWaitingForNames) {
        return Error{Errc::no_resources, "find", 0,
                     "too many messages wait for the address of " + wire::to_string(name)};
    }
    waiting.push_back({name, {write.begin(), write.end()}});
    return {};
}

void NetbiosSender::State::ask() {
    for (const std::vector<std::byte>& question : finder.tick()) {
        const Bytes bytes = question;
        for (const Subnet& subnet : subnets) {
            plain->send({&bytes, 1}, {subnet.broadcast(), ports.names},
                        {subnet.interface_index, subnet.address});
        }
    }
}

// Sends messages whose names have addresses, in order; drops those whose names are absent.
void NetbiosSender::State::settle() {
    for (std::size_t left = waiting.size(); left > 0; --left) {
        Waiting one = std::move(waiting.front());
        waiting.pop_front();
        // Queues the message again if its question is still open.
        if (auto sent_now = send(one.name, one.write); !sent_now) late_error = sent_now.error();
    }
}

void NetbiosSender::State::hear(os::DatagramBatch& batch) {
    do {
        for (const os::Datagram& datagram : plain->receive(batch)) {
            if (!datagram.cut) finder.hear(datagram.bytes);
        }
    } while (batch.is_full());
}

// Runs while a question is open.
void NetbiosSender::State::work() {
    os::DatagramBatch batch(kAnswersAtOnce, kAnswerBytes);
    std::unique_lock lock(mutex);
    while (!is_given_up) {
        hear(batch);
        ask();
        settle();
        if (waiting.empty()) settled.notify_all();
        const auto next = finder.next_tick();
        if (!next) break;
        const auto left = std::chrono::ceil<std::chrono::milliseconds>(*next - clock.now());
        lock.unlock();
        if (left > left.zero()) plain->wait_for_datagram(left);
        lock.lock();
    }
    waiting.clear();
    is_working = false;
    settled.notify_all();
}

NetbiosSender::NetbiosSender(const Settings& settings, const OwnNames& names, NetbiosPorts ports)
    : state_(std::make_shared<State>(settings, names, ports)) {}

NetbiosSender::~NetbiosSender() {
    const std::lock_guard lock(state_->mutex);
    state_->is_given_up = true;
}

Result<void> NetbiosSender::check(const Destination& to) {
    if (to.scope == Scope::direct && to.address.family != Family::v4) {
        return Error{Errc::bad_name, "classic name", 0,
                     "the classic wire uses IPv4 addresses only"};
    }
    if (to.scope == Scope::named && !wire::parse_netbios_name(to.to)) {
        return Error{Errc::bad_name, "classic name", 0,
                     "'" + to.to +
                         "' is not a NetBIOS name: use 1 to 15 ASCII letters, digits and "
                         "characters like - and _"};
    }
    return {};
}

Result<std::size_t> NetbiosSender::send(const Destination& to, std::span<const Envelope> messages) {
    if (auto can = check(to); !can) return can.error();
    for (const Envelope& message : messages) {
        auto fits = fits_classic_wire(message.slot, classic_payload(message).size());
        if (message.kind == Kind::message && !fits) return fits.error();
    }
    const std::lock_guard lock(state_->mutex);
    if (auto ready = state_->prepare(); !ready) return ready.error();
    std::size_t taken = 0;
    for (const Envelope& message : messages) {
        std::array<std::byte, wire::kMaxSmbBytes> buffer;
        const Bytes write = message.kind == Kind::message ? pack_write(buffer, message) : Bytes{};
        Result<void> sent;
        if (write.empty()) {
            // An end, query or answer.
        } else if (to.scope == Scope::direct) {
            sent = state_->send_to({wire::wildcard_name(), DatagramType::broadcast}, to.address,
                                   write);
        } else if (to.scope == Scope::named) {
            sent = state_->send(wire::parse_netbios_name(to.to).value(), write);
        } else {
            sent = state_->send(state_->names.everybody, write);
        }
        if (!sent && taken == 0) return sent.error();
        if (!sent) break;
        ++taken;
    }
    if (!start_work()) return Error{Errc::no_resources, "thread"};
    return taken;
}

// Starts the thread if a question is open. Needs the mutex. Returns false if no thread can be
// started.
bool NetbiosSender::start_work() {
    if (state_->is_working || !state_->finder.next_tick()) return true;
    state_->is_working = os::run_detached([state = state_] { state->work(); });
    if (!state_->is_working) state_->waiting.clear();
    return state_->is_working;
}

std::optional<Error> NetbiosSender::take_late_error() {
    const std::lock_guard lock(state_->mutex);
    return std::exchange(state_->late_error, std::nullopt);
}

bool NetbiosSender::is_waiting() const {
    const std::lock_guard lock(state_->mutex);
    return !state_->waiting.empty();
}

void NetbiosSender::finish(std::chrono::milliseconds at_most) {
    std::unique_lock lock(state_->mutex);
    state_->settled.wait_for(lock, at_most,
                             [this] { return state_->waiting.empty() || !state_->is_working; });
}

std::uint64_t NetbiosSender::sent() const {
    const std::lock_guard lock(state_->mutex);
    return state_->sent;
}

std::uint64_t NetbiosSender::failed() const {
    const std::lock_guard lock(state_->mutex);
    return state_->failed;
}

}  // namespace mailslot
