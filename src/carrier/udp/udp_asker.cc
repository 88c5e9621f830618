#include "carrier/udp/udp_asker.h"

#include <algorithm>
#include <array>

#include "carrier/udp/udp_group.h"
#include "os/interfaces.h"
#include "wire/discovery.h"
#include "wire/frame.h"

namespace mailslot {
namespace {

using Family = IpAddress::Family;

constexpr std::size_t kBatchDatagrams = 64;
// Room for the answers of many machines, which come within a tenth of a second.
constexpr std::size_t kReceiveBufferBytes = 1024 * 1024;
constexpr std::size_t kMaxOthers = 256;

// Address and interface to send by.
struct Way {
    IpAddress address;
    os::Outlet outlet{};
};

std::vector<Way> ways_to(const Destination& to, Family family, const Settings& settings) {
    const bool to_group = to.address.family == Family::none;
    const bool on_any_link =
        to.address.family == Family::v6 && to.address.is_link_local() && to.address.scope_id == 0;
    if (!to_group && to.address.family != family) return {};
    if (!to_group && !on_any_link) return {{to.address}};
    std::vector<Way> ways;
    const auto interfaces = os::list_interfaces();
    if (!interfaces) return ways;
    for (const Link& link : sending_links(*interfaces, settings)) {
        if (link.family != family) continue;
        ways.push_back(
            {to_group ? group_address(family) : to.address, {link.interface_index, link.source}});
    }
    return ways;
}

// An answer is at most as large as its query, so the query is padded to the largest frame.
std::uint16_t padding_of(const Envelope& query, std::size_t max_frame_bytes) {
    constexpr std::size_t kSizeBytes = 2;
    const std::size_t taken = wire::kFrameHeaderBytes + query.from_host.size() + query.to.size() +
                              query.slot.size() + kSizeBytes + wire::kQueryBytes;
    return static_cast<std::uint16_t>(max_frame_bytes - std::min(taken, max_frame_bytes));
}

}  // namespace

UdpAsker::UdpAsker(const Settings& settings, std::unique_ptr<os::EventLoop> loop)
    : settings_(settings),
      loop_(std::move(loop)),
      batch_(kBatchDatagrams, wire::kMaxFrameBytes),
      sealer_(settings.keys),
      opener_(settings.keys, clock_, windows_) {}

Result<std::unique_ptr<UdpAsker>> UdpAsker::open(const Settings& settings) {
    auto loop = os::EventLoop::create();
    if (!loop) return loop.error();
    std::unique_ptr<UdpAsker> asker(new UdpAsker(settings, std::move(*loop)));
    std::optional<Error> failed;
    for (const Family family : {Family::v4, Family::v6}) {
        if (!is_chosen(settings.families, family)) continue;
        if (auto opened = asker->open_socket(family); !opened) failed = opened.error();
    }
    if (asker->sockets_.empty()) return failed.value();
    return asker;
}

Result<void> UdpAsker::open_socket(Family family) {
    auto bound = os::UdpSocket::bind(family, 0, kReceiveBufferBytes);
    if (!bound) return bound.error();
    auto socket = std::make_unique<os::UdpSocket>(std::move(*bound));
    socket->limit_group_hops(settings_.hop_limit);
    auto added = loop_->add(socket->fd(), [this, s = socket.get()] { receive(*s); });
    if (added) sockets_.push_back(std::move(socket));
    return added;
}

Result<void> UdpAsker::ask(const Destination& to, const Envelope& query, std::uint64_t id,
                           std::uint32_t first) {
    if (auto chosen = sealer_.choose(to); !chosen) return chosen;
    has_asked_in_clear_ = has_asked_in_clear_ || !sealer_.seals();
    bool left = false;
    int os_code = 0;
    for (const auto& socket : sockets_) {
        std::array<std::byte, kMaxDatagramBytes> payload;
        Envelope envelope = query;
        envelope.kind = Kind::query;
        envelope.scope = to.scope;
        envelope.to = to.to;
        envelope.payload = wire::encode_query(
            payload,
            {id, socket->local_port(), first, padding_of(envelope, sealer_.max_frame_bytes())});
        std::array<std::byte, kMaxDatagramBytes> buffer;
        const Bytes frame =
            wire::encode_single(std::span(buffer).first(sealer_.max_frame_bytes()), envelope);
        const int failed = frame.empty() ? 0 : send(*socket, to, sealer_.seal({&frame, 1})[0]);
        if (failed == 0) left = true;
        if (failed > 0) os_code = failed;
    }
    std::ranges::reverse(sockets_);  // the other family goes first next time
    if (left) return {};
    if (os_code != 0) return Error{Errc::unreachable, "send", os_code};
    return Error{Errc::unreachable, "send", 0, "no network interface is up"};
}

// Returns 0 if the frame left by at least one way, -1 if there is no way, else the system's code.
int UdpAsker::send(os::UdpSocket& socket, const Destination& to, Bytes frame) {
    int result = -1;
    for (const Way& way : ways_to(to, socket.family(), settings_)) {
        const auto outcome = socket.send({&frame, 1}, {way.address, settings_.port}, way.outlet);
        if (outcome.sent == 1) result = 0;
        if (outcome.sent == 0 && result != 0) result = outcome.os_code;
    }
    return result;
}

void UdpAsker::wait(Clock::Instant until, const Hear& hear) {
    hear_ = hear;
    loop_->run_once(until);
    hear_ = nullptr;
}

void UdpAsker::receive(os::UdpSocket& socket) {
    opener_.begin_batch();
    for (const os::Datagram& datagram : socket.receive(batch_)) hear(datagram);
}

void UdpAsker::hear(const os::Datagram& datagram) {
    Parcel parcel;
    const trust::Verdict verdict = opener_.take(datagram.bytes, datagram.to, parcel);
    if (verdict == trust::Verdict::unknown_version) {
        const bool is_known = std::ranges::count(other_versions_, datagram.from.address) > 0;
        if (!is_known && other_versions_.size() < kMaxOthers)
            other_versions_.push_back(datagram.from.address);
    }
    if (verdict != trust::Verdict::taken || !hear_) return;
    Envelope answer = parcel.envelope;
    const bool may_be_ours = answer.trust == Trust::domain || has_asked_in_clear_;
    if (answer.kind != Kind::answer || !may_be_ours) return;
    answer.from_address = datagram.from.address;
    hear_(answer);
}

}  // namespace mailslot
