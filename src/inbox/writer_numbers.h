// Numbers of a slot's writers, by which they hold the lock.
#pragma once

#include <cstdint>
#include <set>

#include "inbox/layout.h"

namespace mailslot::inbox {

// Threads: one at a time
class WriterNumbers {
public:
    // Returns a number that no living writer has, for a new writer. Numbers start again after 2^31
    // writers.
    std::uint32_t give() {
        do {
            last_ = last_ + 1 < kLockWaiters ? last_ + 1 : 1;
        } while (living_.contains(last_));
        living_.insert(last_);
        return last_;
    }
    void take_back(std::uint32_t number) { living_.erase(number); }  // its writer is dead
    bool is_living(std::uint32_t number) const { return living_.contains(number); }

private:
    std::uint32_t last_ = 0;
    std::set<std::uint32_t> living_;
};

}  // namespace mailslot::inbox
