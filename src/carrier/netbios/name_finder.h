// Finds the addresses of other machines' names by broadcast questions on the classic wire:
// docs/protocol/netbios-carrier.md, "Sending". Pure: packets and time in, packets out.
#pragma once

#include <chrono>
#include <cstdint>
#include <map>
#include <optional>
#include <vector>

#include "base/bytes.h"
#include "base/clock.h"
#include "base/random.h"
#include "model/ip_address.h"
#include "wire/netbios_name.h"

namespace mailslot {

inline constexpr std::chrono::seconds kNameHolds{60};
inline constexpr std::chrono::seconds kNameIsAbsent{10};  // a machine that comes up is found soon
inline constexpr std::size_t kMaxFoundNames = 64;         // per writer

class NameFinder {
public:
    enum class Standing : std::uint8_t { asked, found, absent };
    struct Found {
        Standing standing = Standing::asked;
        bool is_group = false;
        IpAddress address{};  // for a unique name
    };

    NameFinder(const Clock& clock, Random& random) : clock_(clock), random_(random) {}

    // Starts a question if no fresh answer is known. A stale answer counts until the question ends.
    Found look_up(const wire::NetbiosName& name);

    // Returns the questions that are due, each to be broadcast on every subnet.
    std::vector<std::vector<std::byte>> tick();
    std::optional<Clock::Instant> next_tick() const;  // none: no open question
    void hear(Bytes packet);

private:
    struct Entry {
        Found found{};
        std::uint16_t id = 0;
        int sent = 0;                          // packets of the open question
        std::optional<Clock::Instant> next{};  // next packet; none: no open question
        Clock::Instant expires{};
    };

    void begin(Entry& entry);
    void make_room();

    const Clock& clock_;
    Random& random_;
    std::map<std::array<char, 16>, Entry> entries_;
};

}  // namespace mailslot
