// Finds the addresses of others' names on the classic wire by broadcast questions:
// docs/protocol/netbios-carrier.md, "Sending". Pure: packets and time come in, packets go out.
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
inline constexpr std::chrono::seconds kNameIsAbsent{10};  // a machine that comes up is soon found
inline constexpr std::size_t kMaxFoundNames = 64;         // of one writer

class NameFinder {
public:
    enum class Standing : std::uint8_t { asked, found, absent };
    struct Found {
        Standing standing = Standing::asked;
        bool is_group = false;
        IpAddress address{};  // of a unique name
    };

    NameFinder(const Clock& clock, Random& random) : clock_(clock), random_(random) {}

    // Begins to ask where nothing, or nothing fresh, is known. What is known and being asked for
    // anew still counts.
    Found look_up(const wire::NetbiosName& name);

    // Questions that are due, each to be broadcast on every subnet.
    std::vector<std::vector<std::byte>> tick();
    std::optional<Clock::Instant> next_tick() const;  // none: no question is open
    void hear(Bytes packet);

private:
    struct Entry {
        Found found{};
        std::uint16_t id = 0;
        int sent = 0;                          // of the open question
        std::optional<Clock::Instant> next{};  // it; none: no question is open
        Clock::Instant expires{};
    };

    void begin(Entry& entry);
    void make_room();

    const Clock& clock_;
    Random& random_;
    std::map<std::array<char, 16>, Entry> entries_;
};

}  // namespace mailslot
