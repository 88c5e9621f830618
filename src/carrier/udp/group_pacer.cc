#include "carrier/udp/group_pacer.h"

#include <algorithm>

#include "wire/frame.h"

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
    domain_ = domain;
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

std::size_t GroupPacer::wait_for_turn(std::span<const Bytes> datagrams, Instant until) {
    Instant now = std::chrono::steady_clock::now();
    const bool may_have_reports = sent_since_read_ >= kReadEach || now - read_at_ >= kReadAfter;
    if (sent_since_read_ > 0 && may_have_reports) read_reports(now);
    for (bool has_read = false;;) {
        const std::size_t count = count_up_to(datagrams, pace_->quantum());
        const Duration wait = pace_->wait(bytes_of(datagrams.first(count)), now);
        turn_at_ = now;
        if (wait <= Duration::zero()) return count;
        if (has_read) {
            if (now >= until) return 0;
            os::UdpSocket::wait_for_datagram(sockets_, std::min<Duration>(wait, until - now));
            now = std::chrono::steady_clock::now();
        }
        read_reports(now);
        has_read = true;
    }
}

void GroupPacer::read_reports(Instant now) {
    read_at_ = now;
    sent_since_read_ = 0;
    if (!reader_) reader_.emplace(settings_.keys);
    const Endpoint anybody{{}, settings_.port};
    for (os::UdpSocket* const socket : sockets_) {
        reader_->read(*socket, {origin_, anybody, domain_},
                      [&](const wire::Report& report, Instant came_at, const Endpoint& from) {
                          (void)pace_->heard(from, report, std::min(came_at, now));
                      });
    }
}

void GroupPacer::left(std::span<const Bytes> frames, std::span<const Bytes> datagrams) {
    if (frames.empty()) return;
    const std::size_t bytes = bytes_of(datagrams);
    const wire::StreamPart first = wire::stream_part_of(frames.front());
    const wire::StreamPart last = wire::stream_part_of(frames.back());
    origin_ = first.origin;
    pace_->left(first.from, last.to, bytes, turn_at_);
    sent_since_read_ += bytes;
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
