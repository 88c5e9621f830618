#include "support/stamp.h"

#include <algorithm>
#include <cstring>
#include <functional>

namespace mailslot::testing_process {
namespace {

struct Head {
    Stamp stamp;
    std::uint64_t size, hash;
};
static_assert(sizeof(Head) == kStampBytes);

std::uint64_t hash_of(const Stamp& stamp, std::string_view rest) {
    return std::hash<std::string_view>{}(rest)*31 + stamp.writer * 0x9E37'79B9ull + stamp.number;
}

}  // namespace

std::string stamped(const Stamp& stamp, std::size_t size) {
    std::string message(std::max(size, kStampBytes), '\0');
    std::uint32_t state = stamp.writer * 2654435761u + stamp.number;
    for (std::size_t i = kStampBytes; i < message.size(); ++i) {
        state = state * 1664525 + 1013904223;
        message[i] = static_cast<char>(state >> 24);
    }
    const Head head{stamp, message.size(),
                    hash_of(stamp, std::string_view(message).substr(kStampBytes))};
    std::memcpy(message.data(), &head, sizeof head);
    return message;
}

std::optional<Stamp> read_stamp(std::string_view message) {
    Head head;
    if (message.size() < sizeof head) return std::nullopt;
    std::memcpy(&head, message.data(), sizeof head);
    const bool whole = head.size == message.size() &&
                       head.hash == hash_of(head.stamp, message.substr(kStampBytes));
    return whole ? std::optional(head.stamp) : std::nullopt;
}

std::size_t size_for(const Stamp& stamp) {
    constexpr std::size_t kSmall = 700, kLarge = 150'000;
    const std::size_t mixed = (stamp.writer * 40503u + stamp.number) * 2654435761u % 1'000'003;
    return mixed % 8 == 0 ? mixed % kLarge : mixed % kSmall;
}

}  // namespace mailslot::testing_process
