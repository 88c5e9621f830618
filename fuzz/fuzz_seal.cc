// Sealed datagrams. The input is a frame to seal with a known key, and changes to the sealed
// datagram. An unchanged datagram must open to the same frame, a changed datagram must not open,
// and an opened frame is decoded like any frame. Without changes, the input is a raw datagram.
#include <algorithm>
#include <array>
#include <cstdint>
#include <vector>

#include "base/bytes.h"
#include "base/check.h"
#include "base/clock.h"
#include "trust/key_file.h"
#include "trust/opener.h"
#include "wire/frame.h"

namespace {

using namespace mailslot;

// Stands still at the sending time of the seeds.
class StillClock final : public Clock {
public:
    Instant now() const override { return Instant(std::chrono::hours(1)); }
    Instant now_through_sleep() const override { return now(); }
    std::int64_t unix_microseconds() const override { return 1'795'350'000'000'000; }
};

std::shared_ptr<trust::Keys> keys() {
    static const auto made = [] {
        trust::Secret secret = trust::Secret::make().value();
        std::ranges::fill(secret.fill(), std::byte{7});
        std::vector<trust::DomainKeys> domains(1);
        domains[0].domain = domains[0].folded = "LAB";
        domains[0].current = trust::key_of(std::move(secret), 0);
        return trust::Keys::of(trust::KeyRing(std::move(domains)), "LAB");
    }();
    return made;
}

// Input: "s", the number of changed bytes; for each its place (2 bytes) and its change (1); the
// plain frame.
void seal_and_change(ByteReader in) {
    const std::size_t changes = in.u8() % 8;
    const Bytes edits = in.take(changes * 3);
    const Bytes plain = in.rest();
    if (!in.ok() || plain.size() > wire::kMaxFrameBytes - wire::kSealBytes) return;
    const trust::Key& key = *keys()->ring()->domains()[0].current;
    std::vector<std::byte> datagram(plain.size() + wire::kSealBytes);
    if (trust::seal(datagram, plain, key.secret, key.id, {1, 2, 3}, {}).empty()) return;
    const auto untouched = datagram;
    for (std::size_t i = 0; i + 2 < edits.size(); i += 3) {
        datagram[load_u16be(&edits[i]) % datagram.size()] ^= edits[i + 2];
    }
    const bool is_touched = datagram != untouched;
    const auto clear = trust::read_clear(datagram);
    const auto opened = clear ? trust::open(datagram, key.secret) : std::nullopt;
    MAILSLOT_CHECK(opened.has_value() == !is_touched || !clear);
    if (opened) MAILSLOT_CHECK(std::ranges::equal(opened->plain.subspan(4), plain.subspan(4)));
    // The receiver's work: two equal datagrams, and the second is a copy.
    static const StillClock clock;
    trust::ReplayWindows windows;
    trust::Opener opener(keys(), clock, windows);
    opener.begin_batch();
    auto first = untouched, second = untouched;
    Parcel parcel;
    if (opener.take(first, {}, parcel) != trust::Verdict::taken) return;
    MAILSLOT_CHECK(parcel.envelope.trust == Trust::domain);
    MAILSLOT_CHECK(opener.take(second, {}, parcel) == trust::Verdict::copy);
}

void take_as_it_is(Bytes input) {
    static const StillClock clock;
    trust::ReplayWindows windows;
    trust::Opener opener(keys(), clock, windows);
    opener.begin_batch();
    std::vector<std::byte> datagram(input.begin(), input.end());
    Parcel parcel;
    // Only a holder of the key can make sealed frames.
    if (opener.take(datagram, {}, parcel) == trust::Verdict::taken) {
        MAILSLOT_CHECK(parcel.envelope.trust == Trust::none);
    }
    (void)trust::parse_key_file(as_text(input), "FILE");
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    const Bytes input(reinterpret_cast<const std::byte*>(data), size);
    ByteReader in(input);
    if (in.u8() == 's') {
        seal_and_change(in);
    } else {
        take_as_it_is(input);
    }
    return 0;
}
