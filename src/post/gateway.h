// Passes on what came by one carrier with the other, where the settings want that:
// docs/windows.md, "As a gateway". What one gateway has passed on says so, and none does it again.
// Threads: the station's.
#pragma once

#include <span>
#include <string>

#include "carrier/carrier.h"
#include "model/parcel.h"
#include "model/settings.h"

namespace mailslot::post {

// The label by which a message of ours says that it came by a gateway: its value is the carrier
// that it came by first.
inline constexpr std::string_view kViaLabel = "via";

// Whether one did. The message's time is then the gateway's.
bool came_by_gateway(const Envelope& message);

class Gateway {
public:
    // `station`: this machine's, by which it knows its own copies.
    Gateway(const Settings& settings, std::uint64_t station, Carrier& udp, Carrier& netbios)
        : settings_(settings.classic), station_(station), udp_(udp), netbios_(netbios) {}

    // What `carrier` brought, and the post office has dealt with.
    void pass_on(const Carrier& carrier, std::span<const Parcel> arrived);
    void set_station(std::uint64_t station) { station_ = station; }

private:
    void pass_in(const Envelope& message);
    void pass_out(const Envelope& message);

    const ClassicSettings settings_;
    std::uint64_t station_;
    Carrier& udp_;
    Carrier& netbios_;
    std::string text_;  // of the message at hand
};

}  // namespace mailslot::post
