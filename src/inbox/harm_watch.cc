#include "inbox/harm_watch.h"

#include "inbox/layout.h"

namespace mailslot::inbox {
namespace {

// Most blocks that an empty queue uses: the block being read, the block of the next record, and
// blocks that a writer has just taken.
constexpr std::uint32_t kMostUsedWhenEmpty = 8;

std::array<std::atomic<std::uint64_t>*, HarmWatch::kCounters> counters_of(Header& header) {
    std::array<std::atomic<std::uint64_t>*, HarmWatch::kCounters> all{
        &header.repeats, &header.senders, &header.senders_forgotten};
    for (std::size_t i = 0; i < kCauses; ++i) all[3 + i] = &header.lost[i];
    return all;
}

// Counters of losses also go down, when a message counted as lost arrives late.
bool is_plausible(std::uint64_t before, std::uint64_t now) {
    const std::uint64_t difference = now > before ? now - before : before - now;
    return difference <= HarmWatch::kMostBetweenLooks;
}

}  // namespace

bool HarmWatch::look(const Segment& segment, bool is_empty) {
    settle_counters(segment.header());
    const bool is_stuck = is_lock_stuck(segment.header());
    const bool is_spent = is_used_up(segment, is_empty);
    return is_stuck || is_spent;
}

bool HarmWatch::is_lock_stuck(const Header& header) {
    const std::uint32_t held = header.lock.load(std::memory_order_acquire) & ~kLockWaiters;
    const std::uint64_t count = read_tail(header).count;
    const bool is_as_before = held != 0 && held == held_ && count == count_;
    looks_ = is_as_before ? looks_ + 1 : 0;
    held_ = held;
    count_ = count;
    return looks_ >= kLooksAtLock;
}

// Counts used blocks only if a writer found no room although the slot is empty.
bool HarmWatch::is_used_up(const Segment& segment, bool is_empty) {
    const Header& header = segment.header();
    const std::uint64_t refused =
        lost_in(header, &Losses::slot_full).load(std::memory_order_relaxed);
    const bool was_refused = refused != refused_;
    refused_ = refused;
    if (!is_empty || !was_refused || header.lock.load(std::memory_order_acquire) != 0) return false;
    std::uint32_t used = 0;
    for (std::uint32_t block = 0; block < segment.geometry().block_count; ++block) {
        const BlockState state = segment.state(block).load(std::memory_order_relaxed);
        if (state == BlockState::used && ++used > kMostUsedWhenEmpty) return true;
    }
    return false;
}

void HarmWatch::settle_counters(Header& header) {
    const auto counters = counters_of(header);
    for (std::size_t i = 0; i < counters.size(); ++i) {
        const std::uint64_t now = counters[i]->load(std::memory_order_relaxed);
        if (is_plausible(counted_[i], now)) {
            counted_[i] = now;
        } else {
            counters[i]->store(counted_[i], std::memory_order_relaxed);
        }
    }
}

}  // namespace mailslot::inbox
