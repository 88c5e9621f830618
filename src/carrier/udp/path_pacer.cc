#include "carrier/udp/path_pacer.h"

#include <algorithm>

namespace mailslot {

void PathPacer::begin(Way& way, std::string_view domain) {
    begin_send(domain);
    if (way_ == &way && pace_) return;
    way_ = &way;
    way.socket()->tell_arrivals();
    pace_.emplace(path_limits(settings_));
    has_looked_for_memory_ = has_kept_memory_ = false;
    begin_pace();
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

void PathPacer::hear_reports(Instant now) {
    read_reports_of(*way_->socket(), way_->course().to,
                    [&](const wire::Report& report, Instant came_at, const Endpoint&) {
                        (void)pace_->heard(report, std::min(came_at, now));
                    });
}

std::optional<PathInfo> PathPacer::info(const Way& way) const {
    if (way_ != &way || pace_->state() == PathPace::State::first_burst) return std::nullopt;
    return path_info(*pace_);
}

}  // namespace mailslot
