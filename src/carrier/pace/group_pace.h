// Decides how fast a writer sends to many machines, from the reports of those that have readers:
// as fast as the slowest of them takes, but not below a floor. docs/protocol/pace.md, "Groups".
// Pure: time is a parameter.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <list>
#include <memory>

#include "carrier/pace/path_pace.h"
#include "model/ip_address.h"

namespace mailslot {

// Readers of a stream that the writer keeps, those of both families: 16 machines that hear both. A
// reader takes about 10 KB.
inline constexpr std::size_t kMostGroupReaders = 32;
// A reader that was known this long makes room for another.
inline constexpr std::chrono::milliseconds kReaderKeeps{200};

class GroupPace {
public:
    using Instant = PathPace::Instant;
    using Duration = PathPace::Duration;

    enum class Heard : std::uint8_t {
        taken,
        refused,      // old or impossible: no effect
        turned_away,  // from one more reader than there is room for: no effect
    };
    struct Reader {
        Endpoint at;  // the source of its reports
        PathPace pace;
        Instant since{};
    };

    // `floor`: bytes a second that no report can go below.
    GroupPace(const PathPace::Limits& limits, double floor);

    // As PathPace's.
    Duration wait(std::size_t bytes, Instant now);
    void left(wire::Mark from, wire::Mark mark, std::size_t bytes, Instant now);
    Heard heard(const Endpoint& from, const wire::Report& report, Instant now);
    std::size_t quantum() const;

    double rate() const;  // bytes a second
    double floor() const { return floor_; }
    // Returns whether nobody has reported in time: the stream goes at the rate for that.
    bool is_unheard() const;
    bool is_in_first_burst() const { return slowest().state() == PathPace::State::first_burst; }
    // Returns the pace of the slowest reader; without readers, that of nobody.
    const PathPace& slowest() const;
    const std::list<Reader>& readers() const { return readers_; }

private:
    Reader* find(const Endpoint& from);
    bool make_room(Instant now);
    void forget_silent_ones();
    Duration wait_of_readers(std::size_t bytes, Instant now);
    Duration wait_for_floor(Instant now) const;
    void stay_together();

    const double floor_;
    const std::shared_ptr<SentMarks> marks_ = std::make_shared<SentMarks>();
    PathPace nobody_;  // hears no reports
    std::list<Reader> readers_;
    bool is_held_ = false;    // the bytes that leave next had to wait
    Instant floor_allows_{};  // the next bytes
};

}  // namespace mailslot
