#include "carrier/netbios/classic_intake.h"

#include <algorithm>
#include <limits>

#include "carrier/netbios/classic_packer.h"
#include "model/fold.h"
#include "model/way.h"

namespace mailslot {
namespace {

void count_one(ClassicCounters::Count& counter) { counter.fetch_add(1, std::memory_order_relaxed); }

// FNV-1a, seeded with a secret, so that no sender can make two messages look equal.
std::uint64_t hash_of(std::uint64_t hash, Bytes bytes) {
    for (const std::byte byte : bytes) {
        hash = (hash ^ std::to_integer<std::uint64_t>(byte)) * 0x100000001b3;
    }
    return hash;
}

}  // namespace

ClassicIntake::ClassicIntake(OwnNames names, const Clock& clock, Random& random,
                             ClassicCounters& counters, std::shared_ptr<trust::Keys> keys)
    : names_(std::move(names)),
      keys_(std::move(keys)),
      clock_(clock),
      random_(random),
      counters_(counters),
      salt_(random.u64()),
      seen_(kClassicRepeatsKept) {}

bool ClassicIntake::is_ours(const wire::ScopedName& name) const {
    if (!name.scope.empty()) return false;
    return name.name.is_wildcard() || names_.find(name.name) != nullptr;
}

std::optional<Parcel> ClassicIntake::take(Bytes packet, const Endpoint& from,
                                          std::span<const Subnet> own) {
    count_one(counters_.rx_datagrams);
    const auto drop = [](ClassicCounters::Count& reason) {
        count_one(reason);
        return std::nullopt;
    };
    const auto datagram = wire::decode_netbios_datagram(packet);
    if (!datagram) return drop(counters_.bad_packet);
    const auto write = wire::decode_mailslot_write(datagram->user_data);
    if (!write) return drop(counters_.bad_packet);
    if (!is_ours(datagram->destination)) return drop(counters_.other_name);

    const bool came_back = is_own_address(own, from.address) &&
                           wire::is_same_name(datagram->source.name, names_.machine);
    const bool is_here =
        write->stamp && (write->stamp->delivered_at_home || write->stamp->passed_on);
    if (came_back && is_here) return drop(counters_.own);
    if (!write->stamp && is_repeat(*datagram, from)) return drop(counters_.repeats);

    Parcel parcel;
    Envelope& envelope = parcel.envelope;
    envelope.scope = Scope::direct;  // the destination name was checked above
    envelope.slot = write->slot;
    envelope.from_address = from.address;
    envelope.from_port = from.port;
    envelope.trust = Trust::none;
    const trust::KeyRing* const ring = keys_.now();
    envelope.is_refused =
        ring != nullptr && ring->find(wire::folded(datagram->destination.name).text()) != nullptr;
    name_sender(envelope, *datagram, *write, from);
    // A stamped message may also come by our own wire.
    if (write->stamp) parcel.way = way_of(from, {}, 0);
    envelope.payload = write->data;
    envelope.sent_at_us = clock_.unix_microseconds();
    envelope.has_no_time = true;
    envelope.format = Format::unknown;
    return parcel;
}

// Returns whether the same datagram came before: by another interface or socket, or sent twice.
bool ClassicIntake::is_repeat(const wire::NetbiosDatagram& datagram, const Endpoint& from) {
    const std::array<std::byte, 2> id{std::byte(datagram.id >> 8), std::byte(datagram.id)};
    std::uint64_t key = hash_of(salt_, std::as_bytes(std::span(from.address.octets)));
    key = hash_of(hash_of(key, id), datagram.user_data);
    const auto now = clock_.now();
    const bool seen = std::ranges::any_of(seen_, [&](const Seen& one) {
        return one.key == key && one.at != Clock::Instant{} && now - one.at <= kClassicRepeatTime;
    });
    if (seen) return true;
    seen_[next_seen_] = {key, now};
    next_seen_ = (next_seen_ + 1) % seen_.size();
    return false;
}

void ClassicIntake::name_sender(Envelope& envelope, const wire::NetbiosDatagram& datagram,
                                const wire::MailslotWrite& write, const Endpoint& from) {
    from_host_ = wire::to_string(datagram.source.name);
    from_host_.resize(from_host_.rfind('#'));
    envelope.from_host = from_host_;
    if (write.stamp) {
        envelope.origin = write.stamp->origin;
        envelope.sequence = write.stamp->sequence;
        envelope.origin_age_ms = write.stamp->age_ms;
        if (write.stamp->passed_on) envelope.machine_id = kPassedOn;
        return;
    }
    std::string key = from_host_ + '/' + to_string(from.address) + '/';
    key += fold(write.slot).value_or(std::string(write.slot));
    if (senders_.size() >= kMaxClassicSenders && senders_.count(key) == 0) senders_.clear();
    Sender& sender = senders_[key];
    if (sender.origin == 0) sender.origin = random_.u64() | 1;
    envelope.origin = sender.origin;
    envelope.sequence = sender.next_sequence++;
    // The sender began long ago: messages before the first that we heard are not losses.
    envelope.origin_age_ms = std::numeric_limits<std::uint32_t>::max();
}

}  // namespace mailslot
