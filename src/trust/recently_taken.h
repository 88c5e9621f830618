// Which sealed datagrams were taken of late, and what was in them: so a copy tells how far its way
// has come, without being opened. docs/post-office.md, "Order". Pure. Threads: one uses it.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <unordered_set>
#include <vector>

#include "model/parcel.h"
#include "trust/seal.h"

namespace mailslot::trust {

class RecentlyTaken {
public:
    // More than one family brings before the other's copies are read.
    static constexpr std::size_t kMost = 4096;
    static constexpr std::size_t kMostSlots = 256;

    // What is found from now on borrows what was noted before.
    void begin_batch();
    void note(const Stamp& stamp, const Parcel& parcel);
    // Makes `parcel` a Kind::copy. False: not known. It borrows until begin_batch().
    bool find(const Stamp& stamp, Parcel& parcel) const;

private:
    struct Taken {
        Stamp stamp{};
        std::uint64_t origin = 0, sequence = 0;
        const std::string* slot = nullptr;  // none: nothing was noted here
    };
    struct Hash {
        using is_transparent = void;
        std::size_t operator()(std::string_view text) const {
            return std::hash<std::string_view>{}(text);
        }
    };
    static std::size_t place_of(const Stamp& stamp) {
        return static_cast<std::size_t>(stamp.counter + stamp.sender_id) % kMost;
    }

    std::vector<Taken> taken_;  // empty until the first note
    std::unordered_set<std::string, Hash, std::equal_to<>> slots_;
    const std::string* last_slot_ = nullptr;
};

}  // namespace mailslot::trust
