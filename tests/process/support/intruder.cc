#include "support/intruder.h"

#include <algorithm>
#include <chrono>
#include <thread>

#include "wire/local_message.h"

namespace mailslot::testing_process {
namespace {

constexpr std::size_t kBlocks = 6;  // blocks to be scribbled over, which hold all of a short queue

}  // namespace

Result<Intruder> Intruder::attach(const Machine& machine, const std::string& key) {
    const auto entry = machine.folder().find(key);
    if (!entry) return entry.error();
    auto connection = os::connect_local(entry->socket_path);
    if (!connection) return connection.error();
    auto sent =
        os::send_packet(connection->get(), wire::encode({.op = wire::LocalOp::attach, .key = key}));
    if (!sent) return sent.error();
    auto packet = os::receive_packet(connection->get(),
                                     std::chrono::steady_clock::now() + std::chrono::seconds(10));
    if (!packet) return packet.error();
    const auto answer = wire::decode_local_message(packet->bytes);
    if (!answer) return answer.error();
    if (answer->op != wire::LocalOp::attached) return Error{answer->why, "attach"};
    auto segment = inbox::Segment::attach(std::move(packet->fds.at(0)));
    if (!segment) return segment.error();
    return Intruder(std::move(*connection), std::move(*segment), answer->number,
                    packet->fds.size() > 2);
}

std::span<std::atomic<std::uint64_t>> Intruder::words() const {
    const auto& geometry = segment_.geometry();
    const std::size_t size =
        std::min(geometry.segment_bytes(),
                 geometry.blocks_offset() + kBlocks * std::size_t{inbox::kBlockBytes});
    auto* first = reinterpret_cast<std::atomic<std::uint64_t>*>(&segment_.header());
    return {first, size / sizeof *first};
}

void Intruder::ask_for_room(std::uint32_t bytes) const {
    const auto packet = wire::encode({.op = wire::LocalOp::make_room, .number = bytes});
    while (!os::send_packet(connection_.get(), packet)) {  // the socket is full of requests
        std::this_thread::yield();
    }
}

void Intruder::scribble_everywhere(std::mt19937_64& random) const {
    for (auto& word : words()) word.store(random(), std::memory_order_relaxed);
}

void Intruder::scribble_somewhere(std::mt19937_64& random) const {
    const auto all = words();
    const std::size_t header_words = sizeof(inbox::Header) / sizeof(std::uint64_t);
    for (int i = 0; i < 8; ++i) {
        // Every second word goes to the header. Small numbers pass more checks.
        const std::size_t bound = i % 2 == 0 ? header_words : all.size();
        const std::uint64_t value = random() % 3 == 0 ? random() : random() % 8;
        all[random() % bound].store(value, std::memory_order_relaxed);
    }
}

}  // namespace mailslot::testing_process
