// usage: flooder garbage|damaged|fragments|origins|queries ADDRESS PORT SECONDS
// Sends datagrams of a hostile machine, as fast as a processor can, and prints their number.
#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>

#include <array>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "base/random.h"
#include "model/envelope.h"
#include "model/limits.h"
#include "wire/discovery.h"
#include "wire/frame.h"

using namespace mailslot;

namespace {

constexpr std::size_t kBatch = 64;
using Buffer = std::array<std::byte, kMaxDatagramBytes>;
using Make = std::function<std::size_t(Buffer&, Random&)>;  // returns the number of bytes

void fill(std::span<std::byte> bytes, Random& random) {
    for (std::size_t at = 0; at + 8 <= bytes.size(); at += 8) {
        const std::uint64_t word = random.u64();
        std::memcpy(bytes.data() + at, &word, sizeof word);
    }
}

std::size_t garbage(Buffer& buffer, Random& random) {
    const std::size_t size = random.u64() % (buffer.size() + 1);
    fill(std::span(buffer).first(size), random);
    return size;
}

Envelope stranger(Kind kind, Random& random) {
    Envelope envelope;
    envelope.kind = kind;
    envelope.slot = "IN";
    envelope.from_host = "HONEST";  // forged
    envelope.machine_id = random.u64();
    envelope.origin = random.u64();
    envelope.sequence = 1 + random.u64() % 1000;
    envelope.sent_at_us = 1;
    return envelope;
}

std::size_t origins(Buffer& buffer, Random& random) {
    Envelope message = stranger(Kind::message, random);
    static const std::string text = "forged";
    message.payload = as_bytes(text);
    wire::FrameWriter writer(buffer, message);
    return writer.add(message) ? writer.finish().size() : 0;
}

// The first part of messages that never go on.
std::size_t fragments(Buffer& buffer, Random& random) {
    static const std::vector<std::byte> part(1000);
    Envelope fragment = stranger(Kind::fragment, random);
    fragment.payload = part;
    fragment.chunk_bytes = 1000;
    fragment.total_bytes = kMaxNetworkMessageBytes;
    return wire::encode_single(buffer, fragment).size();
}

std::size_t queries(Buffer& buffer, Random& random) {
    std::array<std::byte, 1000> payload;
    Envelope query = stranger(Kind::query, random);
    query.slot = "";
    query.sequence = 0;
    query.payload = wire::encode_query(payload, {random.u64(), 9, 0, 900});
    return wire::encode_single(buffer, query).size();
}

// A frame with some changed bytes, which pass the first checks.
std::size_t damaged(Buffer& buffer, Random& random) {
    const std::size_t size =
        random.u64() % 2 == 0 ? fragments(buffer, random) : origins(buffer, random);
    for (int i = 0; i < 3; ++i) {
        buffer[4 + random.u64() % (size - 4)] = std::byte{static_cast<std::uint8_t>(random.u64())};
    }
    return size;
}

std::uint64_t flood(int fd, const sockaddr_in& to, std::chrono::seconds how_long,
                    const Make& make) {
    SeededRandom random(static_cast<std::uint64_t>(how_long.count()) * 7919);
    std::vector<Buffer> buffers(kBatch);
    std::array<iovec, kBatch> places{};
    std::array<mmsghdr, kBatch> messages{};
    std::uint64_t sent = 0;
    const auto end = std::chrono::steady_clock::now() + how_long;
    while (std::chrono::steady_clock::now() < end) {
        for (std::size_t i = 0; i < kBatch; ++i) {
            places[i] = {buffers[i].data(), make(buffers[i], random)};
            messages[i].msg_hdr = {};
            messages[i].msg_hdr.msg_name = const_cast<sockaddr_in*>(&to);
            messages[i].msg_hdr.msg_namelen = sizeof to;
            messages[i].msg_hdr.msg_iov = &places[i];
            messages[i].msg_hdr.msg_iovlen = 1;
        }
        const int left = sendmmsg(fd, messages.data(), kBatch, 0);
        if (left > 0) sent += static_cast<std::uint64_t>(left);
    }
    return sent;
}

}  // namespace

int main(int argc, char** argv) {
    const std::array<std::pair<std::string_view, Make>, 5> kinds{{{"garbage", garbage},
                                                                  {"damaged", damaged},
                                                                  {"fragments", fragments},
                                                                  {"origins", origins},
                                                                  {"queries", queries}}};
    sockaddr_in to{};
    to.sin_family = AF_INET;
    if (argc != 5 || inet_pton(AF_INET, argv[2], &to.sin_addr) != 1) return 2;
    to.sin_port = htons(static_cast<std::uint16_t>(std::atoi(argv[3])));
    const int fd = socket(AF_INET, SOCK_DGRAM, 0);
    for (const auto& [name, make] : kinds) {
        if (name != argv[1]) continue;
        const auto sent = flood(fd, to, std::chrono::seconds(std::atoi(argv[4])), make);
        std::printf("%llu\n", static_cast<unsigned long long>(sent));
        return 0;
    }
    return 2;
}
