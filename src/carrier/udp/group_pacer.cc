#include "carrier/udp/group_pacer.h"

#include <algorithm>

namespace mailslot {
namespace {

using Family = IpAddress::Family;

// As PathPace::Limits::unproven, of each of two copies: together 3/4 of a small queue.
constexpr double kUnprovenOfTwo = 96 * 1024;

// Copies by both families mostly share a link, so each has its part of the bytes that are safe for
// a link. Copies by several interfaces do not.
double copies_on_a_link(std::span<Way* const> ways) {
    const auto has = [ways](Family family) {
        return std::ranges::any_of(ways, [=](const Way* way) { return way->family() == family; });
    };
    return has(Family::v4) && has(Family::v6) ? 2 : 1;
}

}  // namespace

void GroupPacer::begin(std::span<Way* const> ways, std::string_view domain) {
    begin_send(domain);
    if (!pace_) {
        const double copies = copies_on_a_link(ways);
        PathPace::Limits limits = path_limits(settings_);
        limits.unheard /= copies;
        if (copies > 1) limits.unproven = kUnprovenOfTwo;
        pace_.emplace(limits, static_cast<double>(settings_.group_floor_bytes) / copies);
    }
    const auto is_same = [](const Way* way, const os::UdpSocket* socket) {
        return way->socket().get() == socket;
    };
    if (std::ranges::equal(ways, ways_) && std::ranges::equal(ways, sockets_, is_same)) return;
    ways_.assign(ways.begin(), ways.end());
    sockets_.clear();
    for (const Way* way : ways) {
        sockets_.push_back(way->socket().get());
        way->socket()->tell_arrivals();
    }
}

void GroupPacer::hear_reports(Instant now) {
    const Endpoint anybody{{}, settings_.port};
    for (os::UdpSocket* const socket : sockets_) {
        read_reports_of(*socket, anybody,
                        [&](const wire::Report& report, Instant came_at, const Endpoint& from) {
                            (void)pace_->heard(from, report, std::min(came_at, now));
                        });
    }
}

std::optional<PathInfo> GroupPacer::info(const Way& way) const {
    const bool is_used = std::ranges::find(ways_, &way) != ways_.end();
    if (!is_used || !pace_ || pace_->is_in_first_burst()) return std::nullopt;
    PathInfo info = path_info(pace_->slowest());
    info.rate = pace_->rate();
    if (pace_->readers().empty()) return info;
    if (pace_->slowest().rate() < pace_->floor()) info.limit = PathInfo::Limit::floor;
    const auto slowest = std::ranges::find(pace_->readers(), &pace_->slowest(),
                                           [](const auto& reader) { return &reader.pace; });
    info.slowest = to_string(slowest->at.address);
    return info;
}

}  // namespace mailslot
