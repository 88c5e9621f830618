#include "carrier/netbios/name_finder.h"

#include <algorithm>

#include "carrier/netbios/name_service.h"
#include "wire/netbios_service.h"

namespace mailslot {
namespace {

constexpr std::uint16_t kBroadcastQuery = 0x0110;

}  // namespace

NameFinder::Found NameFinder::look_up(const wire::NetbiosName& name) {
    const auto key = wire::folded(name).bytes;
    auto found = entries_.find(key);
    if (found == entries_.end()) {
        make_room();
        found = entries_.emplace(key, Entry{}).first;
        begin(found->second);
    } else if (!found->second.next && clock_.now() >= found->second.expires) {
        if (found->second.found.standing == Standing::absent) {
            found->second.found.standing = Standing::asked;
        }
        begin(found->second);
    }
    return found->second.found;
}

void NameFinder::begin(Entry& entry) {
    entry.id = static_cast<std::uint16_t>(random_.u64());
    entry.sent = 0;
    entry.next = clock_.now();
}

// Removes the entry without open question that expires first; if all have open questions, which is
// rare, any entry.
void NameFinder::make_room() {
    if (entries_.size() < kMaxFoundNames) return;
    auto oldest = entries_.end();
    for (auto it = entries_.begin(); it != entries_.end(); ++it) {
        if (it->second.next) continue;
        if (oldest == entries_.end() || it->second.expires < oldest->second.expires) oldest = it;
    }
    entries_.erase(oldest == entries_.end() ? entries_.begin() : oldest);
}

std::vector<std::vector<std::byte>> NameFinder::tick() {
    std::vector<std::vector<std::byte>> due;
    const auto now = clock_.now();
    for (auto& [key, entry] : entries_) {
        if (!entry.next || *entry.next > now) continue;
        if (entry.sent == kNameRetries) {
            entry.next.reset();
            entry.found = {Standing::absent};
            entry.expires = now + kNameIsAbsent;
            continue;
        }
        std::array<std::byte, wire::kMaxNameServicePacketBytes> buffer;
        const Bytes bytes = wire::encode_name_packet(
            buffer, {entry.id, kBroadcastQuery, wire::NameQuestion{{wire::NetbiosName{key}, {}}}});
        due.emplace_back(bytes.begin(), bytes.end());
        ++entry.sent;
        entry.next = now + kNameRetryTime;
    }
    return due;
}

std::optional<Clock::Instant> NameFinder::next_tick() const {
    std::optional<Clock::Instant> next;
    for (const auto& [key, entry] : entries_) {
        if (entry.next && (!next || *entry.next < *next)) next = entry.next;
    }
    return next;
}

void NameFinder::hear(Bytes packet) {
    const auto answer = wire::decode_name_packet(packet);
    if (!answer || !answer->is_response() || answer->result() != 0 || !answer->record) return;
    if (answer->opcode() != wire::NameOpcode::query) return;
    if (answer->record->type != wire::RecordType::address) return;
    const auto found = entries_.find(wire::folded(answer->record->name.name).bytes);
    if (found == entries_.end() || found->second.id != answer->id || !found->second.next) return;
    const auto addresses = wire::decode_name_addresses(answer->record->data);
    if (addresses.empty()) return;
    Entry& entry = found->second;
    entry.found = {Standing::found, addresses.front().is_group, addresses.front().address};
    entry.next.reset();
    entry.expires = clock_.now() + kNameHolds;
}

}  // namespace mailslot
