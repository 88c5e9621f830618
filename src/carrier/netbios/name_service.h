// Claims, defends, answers for, refreshes and releases this machine's names on the classic wire:
// docs/protocol/netbios-carrier.md, "Names". Pure: packets and time in, packets out.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <vector>

#include "base/bytes.h"
#include "base/clock.h"
#include "base/random.h"
#include "carrier/netbios/own_names.h"
#include "carrier/netbios/subnets.h"
#include "wire/netbios_service.h"

namespace mailslot {

// RFC 1002 section 6: BCAST_REQ_RETRY_TIMEOUT and BCAST_REQ_RETRY_COUNT.
inline constexpr std::chrono::milliseconds kNameRetryTime{250};
inline constexpr int kNameRetries = 3;
inline constexpr std::chrono::minutes kRefreshNames{15};
inline constexpr std::chrono::minutes kClaimRefusedAgain{5};
inline constexpr std::uint32_t kNameTtlSeconds = 300'000;  // Windows uses 3.5 days

class NameService {
public:
    struct Outgoing {
        Subnet by{};  // leaves from this subnet's address
        Endpoint to{};
        std::vector<std::byte> bytes{};
    };
    enum class Standing : std::uint8_t { claiming, ours, refused };
    struct Counters {
        std::uint64_t packets = 0, bad_packets = 0;
        std::uint64_t answers = 0, objections = 0;  // sent by us
    };
    struct Held {
        OwnName name{};
        Subnet subnet{};
        Standing standing{};
        IpAddress refused_by{};
    };

    NameService(OwnNames names, const Clock& clock, Random& random);

    // Sets the present subnets. On a new subnet, claims all names, or with `are_ours` takes them as
    // ours, because an earlier office of this machine had them.
    void set_subnets(std::span<const Subnet> subnets, bool are_ours = false);
    // Takes a packet that came to port 137.
    void hear(Bytes packet, const Endpoint& from, std::uint32_t interface_index);
    void tick();
    std::optional<Clock::Instant> next_tick() const;
    void release_all();
    std::vector<Outgoing> take_outgoing();

    std::vector<Held> held() const;
    const Counters& counters() const { return counters_; }

private:
    struct Claim {
        OwnName name{};
        Standing standing = Standing::claiming;
        int sent = 0;
        std::uint16_t id = 0;
        Clock::Instant next{};
        IpAddress refused_by{};
    };
    struct Place {
        Subnet subnet{};
        std::vector<Claim> claims{};
    };

    void step(const Place& place, Claim& claim);
    Place* place_of(const Subnet* subnet);
    void hear_objection(Place& place, const wire::NamePacket& packet, const Endpoint& from);
    void hear_query(const Place& place, const wire::NamePacket& packet, const Endpoint& from);
    void hear_claim(const Place& place, const wire::NamePacket& packet, const Endpoint& from);
    void ask(const Subnet& subnet, std::uint16_t id, std::uint16_t flags, const OwnName& name);
    void answer(const Subnet& subnet, const Endpoint& to, const wire::NamePacket& packet);

    const OwnNames names_;
    const Clock& clock_;
    Random& random_;
    std::vector<Place> places_;
    std::vector<Outgoing> outgoing_;
    Counters counters_;
};

}  // namespace mailslot
