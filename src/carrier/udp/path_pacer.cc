#include "carrier/udp/path_pacer.h"

#include <algorithm>

#include "wire/frame.h"

namespace mailslot {

PathPacer::PathPacer(const Settings& settings) : settings_(settings) {}

void PathPacer::begin(Way& way, std::string_view domain) {
    domain_ = domain;
    if (way_ == &way && pace_) return;
    way_ = &way;
    way.socket()->tell_arrivals();
    pace_.emplace(path_limits(settings_));
    has_looked_for_memory_ = has_kept_memory_ = false;
    sent_since_read_ = 0;
}

std::size_t PathPacer::wait_for_turn(std::span<const Bytes> datagrams, Instant until) {
    Instant now = std::chrono::steady_clock::now();
    const bool may_have_reports = sent_since_read_ >= kReadEach || now - read_at_ >= kReadAfter;
    if (sent_since_read_ > 0 && may_have_reports) read_reports(now);
    for (bool has_read = false;;) {
        const std::size_t count = count_up_to(datagrams, pace_->quantum());
        const Duration wait = pace_->wait(bytes_of(datagrams.first(count)), now);
        turn_at_ = now;
        if (wait <= Duration::zero()) return count;
        if (remember()) continue;
        if (has_read) {
            if (now >= until) return 0;
            way_->socket()->wait_for_datagram(std::min<Duration>(wait, until - now));
            now = std::chrono::steady_clock::now();
        }
        read_reports(now);
        has_read = true;
    }
}

// Looks once for what an earlier stream learned of the path. Returns whether that is known.
bool PathPacer::remember() {
    if (has_looked_for_memory_ || !pace_->wants_memory()) return false;
    has_looked_for_memory_ = true;
    const auto memory = memory_.find(way_->course());
    if (memory) pace_->remember(*memory);
    return memory.has_value();
}

void PathPacer::keep_memory() {
    const auto memory = pace_ && !has_kept_memory_ ? pace_->memory() : std::nullopt;
    if (!memory) return;
    has_kept_memory_ = true;
    memory_.keep(way_->course(), *memory);
}

void PathPacer::read_reports(Instant now) {
    read_at_ = now;
    sent_since_read_ = 0;
    if (!reader_) reader_.emplace(settings_.keys);
    reader_->read(*way_->socket(), {origin_, way_->course().to, domain_},
                  [&](const wire::Report& report, Instant came_at, const Endpoint&) {
                      (void)pace_->heard(report, std::min(came_at, now));
                  });
}

std::optional<PathInfo> PathPacer::info(const Way& way) const {
    if (way_ != &way || pace_->state() == PathPace::State::first_burst) return std::nullopt;
    return path_info(*pace_);
}

// The time is that before the system's call: a report may come before the call ends.
void PathPacer::left(std::span<const Bytes> frames, std::span<const Bytes> datagrams) {
    if (frames.empty()) return;
    const std::size_t bytes = bytes_of(datagrams);
    const wire::StreamPart first = wire::stream_part_of(frames.front());
    const wire::StreamPart last = wire::stream_part_of(frames.back());
    origin_ = first.origin;
    pace_->left(first.from, last.to, bytes, turn_at_);
    sent_since_read_ += bytes;
}

}  // namespace mailslot
