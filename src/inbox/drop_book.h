// How many messages of which origin made room for newer ones: in all, and since a message last
// told.
#pragma once

#include <cstddef>
#include <cstdint>
#include <list>
#include <map>
#include <utility>
#include <vector>

namespace mailslot::inbox {

// Bounded: an origin whose losses are all told is forgotten before one whose are not, and of these
// the one that lost none for longest.
class DropBook {
public:
    // Strangers choose origins, and may take a new one for each message. Some 400 KiB.
    static constexpr std::size_t kMostOrigins = 4096;
    using Drops = std::vector<std::pair<std::uint64_t, std::uint64_t>>;  // origin and count

    bool all_is_told() const { return untold_.empty(); }
    std::size_t size() const { return by_origin_.size(); }
    // `dropped` messages made room, and with them nobody is told of `lost` (which includes them).
    void add(std::uint64_t origin, std::uint64_t dropped, std::uint64_t lost);
    // What is told now.
    std::uint64_t take_untold(std::uint64_t origin);
    // What was dropped in all, by origin, the first `most` from `first` on.
    Drops dropped(std::uint64_t first, std::size_t most) const;

private:
    using ByAge = std::list<std::uint64_t>;  // origins, the one that lost none for longest first
    struct Entry {
        std::uint64_t dropped = 0, untold = 0;
        ByAge::iterator by_age{};
    };
    using Map = std::map<std::uint64_t, Entry>;  // not hashed: origins can be chosen to collide

    void forget_one();

    Map by_origin_;
    ByAge untold_, told_;
    Entry* last_ = nullptr;  // has something untold; messages of one writer come together
    std::uint64_t last_origin_ = 0;
};

}  // namespace mailslot::inbox
