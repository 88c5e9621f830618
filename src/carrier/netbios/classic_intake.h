// Turns a datagram of the classic wire into a parcel, or counts why not:
// docs/protocol/netbios-carrier.md, "Receiving". Pure: bytes and time in, parcel out.
#pragma once

#include <array>
#include <atomic>
#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "base/clock.h"
#include "base/random.h"
#include "carrier/netbios/own_names.h"
#include "carrier/netbios/subnets.h"
#include "model/parcel.h"
#include "trust/keys.h"
#include "wire/netbios_datagram.h"
#include "wire/smb_mailslot.h"

namespace mailslot {

// Copies come within milliseconds; old Windows allows 2 s.
inline constexpr std::chrono::seconds kClassicRepeatTime{1};
// Datagrams remembered to recognize copies. A sender that fills this within kClassicRepeatTime is
// faster than the wire is meant for: the oldest is forgotten, and a copy of it comes through.
inline constexpr std::size_t kClassicRepeatsKept = 1024;
// Unstamped senders, counted for each slot. If there are more, all are forgotten.
inline constexpr std::size_t kMaxClassicSenders = 4096;

// Written by the station's thread, read by any thread.
struct ClassicCounters {
    using Count = std::atomic<std::uint64_t>;
    Count rx_datagrams{0}, bad_packet{0}, other_name{0}, own{0}, repeats{0};
};

class ClassicIntake {
public:
    // `keys`: keys of domains that nobody may write to in the clear; null: no keys.
    ClassicIntake(OwnNames names, const Clock& clock, Random& random, ClassicCounters& counters,
                  std::shared_ptr<trust::Keys> keys = nullptr);

    // `own`: this machine's subnets. The parcel borrows the packet, and this object until the next
    // call. Returns nullopt if the packet is dropped and counted.
    std::optional<Parcel> take(Bytes packet, const Endpoint& from, std::span<const Subnet> own);

private:
    struct Seen {
        std::uint64_t key = 0;
        Clock::Instant at{};
    };
    struct Sender {
        std::uint64_t origin = 0, next_sequence = 1;
    };

    bool is_ours(const wire::ScopedName& name) const;
    bool is_repeat(const wire::NetbiosDatagram& datagram, const Endpoint& from);
    void name_sender(Envelope& envelope, const wire::NetbiosDatagram& datagram,
                     const wire::MailslotWrite& write, const Endpoint& from);

    const OwnNames names_;
    trust::KeysView keys_;
    const Clock& clock_;
    Random& random_;
    ClassicCounters& counters_;
    const std::uint64_t salt_;
    std::vector<Seen> seen_;
    std::size_t next_seen_ = 0;
    std::map<std::string, Sender> senders_;
    std::string from_host_;
};

}  // namespace mailslot
