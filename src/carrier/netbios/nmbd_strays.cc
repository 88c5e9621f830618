#include "carrier/netbios/nmbd_strays.h"

#include <array>
#include <utility>

namespace mailslot {
namespace {

constexpr std::uint32_t kDatagramPacket = 1;
constexpr std::uint32_t kAnyTransaction = 0xffffffff;
constexpr std::size_t kHeaderBytes = 32;
constexpr std::uint64_t kMostPacketBytes = 65535;
constexpr std::size_t kReadAtOnce = 64 * 1024;

}  // namespace

// int32 type, padding, uint64 length of a slot's name (0: all slots), int32 ID, padding.
std::vector<std::byte> StrayParser::request() {
    std::array<std::byte, 24> buffer{};
    ByteWriter out(buffer);
    out.u32le(kDatagramPacket);
    out.u32le(0);
    out.u32le(0);
    out.u32le(0);
    out.u32le(kAnyTransaction);
    return {buffer.begin(), buffer.end()};
}

// A zero byte grants the request. Each packet follows as uint64 length, int32 type, padding, int64
// time, IPv4 address, int32 port, bytes.
std::optional<std::vector<Stray>> StrayParser::take(Bytes bytes) {
    pending_.insert(pending_.end(), bytes.begin(), bytes.end());
    std::vector<Stray> strays;
    std::size_t done = 0;
    if (!is_granted_ && !pending_.empty()) {
        if (pending_[0] != std::byte(0)) return std::nullopt;
        is_granted_ = true;
        done = 1;
    }
    while (is_granted_ && pending_.size() - done >= kHeaderBytes) {
        ByteReader in(Bytes(pending_).subspan(done));
        const std::uint64_t length = in.u64le();
        const std::uint32_t type = in.u32le();
        in.take(12);  // padding, time
        Stray stray;
        stray.from.address.family = IpAddress::Family::v4;
        for (std::size_t i = 0; i < 4; ++i) stray.from.address.octets[i] = in.u8();
        stray.from.port = static_cast<std::uint16_t>(in.u32le());
        if (type != kDatagramPacket || length > kMostPacketBytes) return std::nullopt;
        if (in.left() < length) break;
        const Bytes packet = in.take(static_cast<std::size_t>(length));
        stray.bytes.assign(packet.begin(), packet.end());
        strays.push_back(std::move(stray));
        done += kHeaderBytes + static_cast<std::size_t>(length);
    }
    pending_.erase(pending_.begin(), pending_.begin() + static_cast<std::ptrdiff_t>(done));
    return strays;
}

Result<NmbdStrays> NmbdStrays::open(const std::string& path) {
    auto client = os::StreamClient::connect(path);
    if (!client) return client.error();
    if (!client->send(StrayParser::request())) return Error{Errc::unreachable, "ask nmbd"};
    return NmbdStrays(std::move(*client));
}

std::optional<std::vector<Stray>> NmbdStrays::receive() {
    std::vector<std::byte> bytes;
    if (!client_.receive(bytes, kReadAtOnce)) return std::nullopt;
    return parser_.take(bytes);
}

}  // namespace mailslot
