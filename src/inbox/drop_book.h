// Counts messages that were dropped to make room for newer ones, by origin: in all, and since a
// message last reported them.
#pragma once

#include <cstddef>
#include <cstdint>
#include <list>
#include <map>
#include <utility>
#include <vector>

namespace mailslot::inbox {

// The number of origins is bounded. Among origins with nothing unreported, or else among all, the
// one that has lost nothing for longest is forgotten first.
class DropBook {
public:
    // Strangers choose origins, and may take a new one for each message. Some 400 KiB.
    static constexpr std::size_t kMostOrigins = 4096;
    using Drops = std::vector<std::pair<std::uint64_t, std::uint64_t>>;  // origin and count

    bool all_is_told() const { return untold_.empty(); }
    std::size_t size() const { return by_origin_.size(); }
    // Counts `dropped` messages. `lost` more have to be reported: the dropped messages and the
    // losses that these would have reported.
    void add(std::uint64_t origin, std::uint64_t dropped, std::uint64_t lost);
    // Returns the origin's unreported losses, which count as reported from then on.
    std::uint64_t take_untold(std::uint64_t origin);
    // Returns the drops in all, by origin: at most `most` origins, from `first` on.
    Drops dropped(std::uint64_t first, std::size_t most) const;

private:
    using ByAge = std::list<std::uint64_t>;  // origins, the latest drop last
    struct Entry {
        std::uint64_t dropped = 0, untold = 0;
        ByAge::iterator by_age{};
    };
    using Map = std::map<std::uint64_t, Entry>;  // not hashed: strangers choose origins

    void forget_one();

    Map by_origin_;
    ByAge untold_, told_;
    Entry* last_ = nullptr;  // the last origin counted; null once its losses are reported
    std::uint64_t last_origin_ = 0;
};

}  // namespace mailslot::inbox
