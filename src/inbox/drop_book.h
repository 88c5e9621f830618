// How many messages of which origin made room for newer ones, and nobody was told of yet.
#pragma once

#include <cstddef>
#include <cstdint>
#include <list>
#include <map>

namespace mailslot::inbox {

// Bounded: the origin that lost none for longest is forgotten.
class DropBook {
public:
    // Strangers choose origins, and may take a new one for each message. Some 400 KiB.
    static constexpr std::size_t kMostOrigins = 4096;

    bool is_empty() const { return by_origin_.empty(); }
    std::size_t size() const { return by_origin_.size(); }
    void add(std::uint64_t origin, std::uint64_t count);
    std::uint64_t take(std::uint64_t origin);  // told now

private:
    struct Entry {
        std::uint64_t count = 0;
        std::list<std::uint64_t>::iterator by_age{};
    };
    using Map = std::map<std::uint64_t, Entry>;  // not hashed: origins can be chosen to collide

    Map by_origin_;
    std::list<std::uint64_t> by_age_;  // origins, the one that lost none for longest first
    Entry* last_ = nullptr;            // messages of one writer come together
    std::uint64_t last_origin_ = 0;
};

}  // namespace mailslot::inbox
