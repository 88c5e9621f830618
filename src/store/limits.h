// Limits of a store, with their reasons: docs/history.md.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>

namespace mailslot::store {

inline constexpr std::size_t kChunkBytes = 256 * 1024;  // a chunk of this size is packed
inline constexpr std::size_t kRowBytes = 16;            // counted for each message beside its text
inline constexpr std::size_t kMaxRows = 65535;          // in a chunk or batch
inline constexpr std::size_t kMaxSources = 65535;       // an index has 16 bits
inline constexpr std::size_t kMaxTextBytes = 64 * 1024 * 1024;     // of a message
inline constexpr std::size_t kMaxTextsBytes = 65 * 1024 * 1024;    // of a chunk
inline constexpr std::size_t kMaxLabelBytes = 2 + 1024;            // as in wire/labels.h
inline constexpr std::size_t kMaxNameBytes = 4096;                 // slot, host or address
inline constexpr std::size_t kMaxSourcesBytes = 64 * 1024 * 1024;  // of a chunk, encoded
inline constexpr std::size_t kMaxFilterBytes = 1024 * 1024;
inline constexpr std::uint16_t kMaxLevel = 65534;
inline constexpr std::size_t kMaxBatches = 64;  // of a chunk; then the chunk is packed
inline constexpr std::chrono::milliseconds kCommitGap{100};
inline constexpr std::chrono::seconds kRetryGap{1};  // after a failure to store

}  // namespace mailslot::store
