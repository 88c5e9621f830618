// Waits in the kernel for a word of memory that other processes may share. std::atomic::wait cannot
// do that: it never wakes another process.
#pragma once

#include <atomic>
#include <chrono>
#include <cstdint>
#include <optional>

namespace mailslot::os {

using Deadline = std::optional<std::chrono::steady_clock::time_point>;  // nullopt: never

// Sleeps while `word` is `expected`, at most until `deadline`; may return early for no reason.
// Returns whether a signal ended the sleep.
bool futex_wait(const std::atomic<std::uint32_t>& word, std::uint32_t expected, Deadline deadline);
void futex_wake(std::atomic<std::uint32_t>& word, int most);
void futex_wake_all(std::atomic<std::uint32_t>& word);

}  // namespace mailslot::os
