#include "carrier/udp/stream_pacer.h"

namespace mailslot {

PathPace::Limits path_limits(const Settings& settings) {
    const auto steady = std::chrono::steady_clock::now().time_since_epoch();
    const auto unix = std::chrono::system_clock::now().time_since_epoch();
    return {.most = static_cast<double>(settings.send_rate_bytes),
            .unheard = static_cast<double>(settings.send_rate_unheard_bytes),
            .second_begins = steady - unix % std::chrono::seconds(1)};
}

std::size_t bytes_of(std::span<const Bytes> datagrams) {
    std::size_t bytes = 0;
    for (const Bytes datagram : datagrams) bytes += datagram.size();
    return bytes;
}

std::size_t count_up_to(std::span<const Bytes> datagrams, std::size_t most) {
    std::size_t count = 1;
    for (std::size_t bytes = datagrams[0].size(); count < datagrams.size(); ++count) {
        bytes += datagrams[count].size();
        if (bytes > most) break;
    }
    return count;
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
