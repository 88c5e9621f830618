// Any packet into decode_local_message. Accepted packets must survive encode and decode unchanged.
#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <span>

#include "base/check.h"
#include "wire/local_message.h"

using namespace mailslot;

namespace {

constexpr std::size_t kMostDetailBytes = 512;  // limit of a detail in encode()
// Larger packets would not fit their buffer with the detail.
constexpr std::size_t kMostBytes = 1024;

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    const Bytes packet = std::as_bytes(std::span(data, size));
    const auto message = wire::decode_local_message(packet);
    if (!message) {
        MAILSLOT_CHECK(message.error().code == Errc::bad_packet);
        return 0;
    }
    MAILSLOT_CHECK(message->op >= wire::LocalOp::attach && message->op <= wire::LocalOp::last);
    MAILSLOT_CHECK(message->senders.size() <= wire::kSendersPerPage);
    MAILSLOT_CHECK(message->counters.size() <= wire::kMostCounters);
    MAILSLOT_CHECK(message->drops.size() <= wire::kDropsPerPage);
    if (size > kMostBytes || message->detail.size() > kMostDetailBytes) return 0;
    const auto again = wire::encode(*message);
    MAILSLOT_CHECK(again.size() == size && std::equal(again.begin(), again.end(), packet.begin()));
    return 0;
}
