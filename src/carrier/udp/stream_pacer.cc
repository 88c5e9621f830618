#include "carrier/udp/stream_pacer.h"

#include <algorithm>

#include "carrier/pace/heard_stream.h"
#include "wire/frame.h"

namespace mailslot {
namespace {

// Reports are read as often as they may come: a stream gets none for less than this, nor later than
// this after its end.
constexpr std::size_t kReadEach = kStreamBytes;
constexpr std::chrono::milliseconds kReadAfter{10};

std::size_t bytes_of(std::span<const Bytes> datagrams) {
    std::size_t bytes = 0;
    for (const Bytes datagram : datagrams) bytes += datagram.size();
    return bytes;
}

// Returns how many of the datagrams, from the first on, have at most `most` bytes; at least 1.
std::size_t count_up_to(std::span<const Bytes> datagrams, std::size_t most) {
    std::size_t count = 1;
    for (std::size_t bytes = datagrams[0].size(); count < datagrams.size(); ++count) {
        bytes += datagrams[count].size();
        if (bytes > most) break;
    }
    return count;
}

}  // namespace

std::size_t StreamPacer::wait_for_turn(std::span<const Bytes> datagrams, Instant until) {
    Instant now = std::chrono::steady_clock::now();
    const bool may_have_reports = sent_since_read_ >= kReadEach || now - read_at_ >= kReadAfter;
    if (sent_since_read_ > 0 && may_have_reports) read_reports(now);
    for (bool has_read = false;;) {
        const std::size_t count = count_up_to(datagrams, quantum());
        const Duration its_wait = wait(bytes_of(datagrams.first(count)), now);
        turn_at_ = now;
        if (its_wait <= Duration::zero()) return count;
        if (remember()) continue;
        if (has_read) {
            if (now >= until) return 0;
            wait_for_report(std::min<Duration>(its_wait, until - now));
            now = std::chrono::steady_clock::now();
        }
        read_reports(now);
        has_read = true;
    }
}

void StreamPacer::read_reports(Instant now) {
    read_at_ = now;
    sent_since_read_ = 0;
    hear_reports(now);
}

void StreamPacer::read_reports_of(os::UdpSocket& socket, const Endpoint& to,
                                  const ReportReader::Hear& hear) {
    if (!reader_) reader_.emplace(settings_.keys);
    reader_->read(socket, {origin_, to, domain_}, hear);
}

// The time is that before the system's call: a report may come before the call ends.
void StreamPacer::left(std::span<const Bytes> frames, std::span<const Bytes> datagrams) {
    if (frames.empty()) return;
    const std::size_t bytes = bytes_of(datagrams);
    const wire::StreamPart first = wire::stream_part_of(frames.front());
    const wire::StreamPart last = wire::stream_part_of(frames.back());
    origin_ = first.origin;
    note_left(first.from, last.to, bytes, turn_at_);
    sent_since_read_ += bytes;
}

PathPace::Limits path_limits(const Settings& settings) {
    const auto steady = std::chrono::steady_clock::now().time_since_epoch();
    const auto unix = std::chrono::system_clock::now().time_since_epoch();
    return {.most = static_cast<double>(settings.send_rate_bytes),
            .unheard = static_cast<double>(settings.send_rate_unheard_bytes),
            .second_begins = steady - unix % std::chrono::seconds(1)};
}

PathInfo path_info(const PathPace& pace) {
    PathInfo info{.rate = pace.rate()};
    if (pace.state() == PathPace::State::unheard) {
        info.limit = PathInfo::Limit::unheard;
        return info;
    }
    info.round_trip =
        std::chrono::duration_cast<std::chrono::microseconds>(pace.view().round_trip());
    info.reported_bytes = pace.view().is_empty() ? 0 : pace.view().acknowledged();
    info.lost_bytes = pace.view().lost_bytes();
    switch (pace.limit()) {
        case PathPace::Limit::none:
            break;
        case PathPace::Limit::path:
            info.limit = PathInfo::Limit::path;
            break;
        case PathPace::Limit::reader:
            info.limit = PathInfo::Limit::reader;
            break;
        case PathPace::Limit::setting:
            info.limit = PathInfo::Limit::setting;
            break;
    }
    return info;
}

}  // namespace mailslot
