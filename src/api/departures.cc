#include "api/departures.h"

#include <algorithm>
#include <mutex>

namespace mailslot {
namespace {

// Limit of ways listed separately; further ways are left out.
constexpr std::size_t kMostWaysTold = 512;

}  // namespace

void DepartureBook::add(const Departures& more) {
    const std::lock_guard lock(mutex_);
    sum_.messages_lost += more.messages_lost;
    for (const WayInfo& way : more.ways) {
        const auto known = std::ranges::find(sum_.ways, way.name, &WayInfo::name);
        if (known == sum_.ways.end()) {
            if (sum_.ways.size() < kMostWaysTold) sum_.ways.push_back(way);
            continue;
        }
        known->sent += way.sent;
        known->dropped += way.dropped;
        if (way.error) known->error = way.error;
        if (way.path) known->path = way.path;
    }
}

Departures DepartureBook::sum() const {
    const std::lock_guard lock(mutex_);
    return sum_;
}

}  // namespace mailslot
