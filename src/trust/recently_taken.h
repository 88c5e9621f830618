// The sealed datagrams taken of late, with their origin, slot and sequence. A copy can thus tell
// how far its way has come without being opened: docs/post-office.md, "Order". Pure.
// Threads: one at a time.
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
    // More datagrams than arrive by one address family before the other family's copies are read.
    static constexpr std::size_t kMost = 4096;
    static constexpr std::size_t kMostSlots = 256;

    // Results of find() are valid until the next begin_batch().
    void begin_batch();
    void note(const Stamp& stamp, const Parcel& parcel);
    // Makes `parcel` a Kind::copy, which borrows until begin_batch(). Returns false if the stamp is
    // unknown.
    bool find(const Stamp& stamp, Parcel& parcel) const;

private:
    struct Taken {
        Stamp stamp{};
        std::uint64_t origin = 0, sequence = 0;
        const std::string* slot = nullptr;  // null: unused entry
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
