// The file in which writers keep what streams learned of their paths. Pure.
// Format: docs/protocol/pace.md, "Memory of paths".
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "base/bytes.h"
#include "mailslot/result.h"
#include "model/ip_address.h"

namespace mailslot::wire {

struct PathNote {
    IpAddress to{};
    std::uint32_t interface_index = 0;  // 0: the system chooses
    std::uint64_t rate = 0;             // bytes a second
    std::uint32_t round_trip_us = 0;
    std::int64_t learned_us = 0;  // Unix time
    bool operator==(const PathNote&) const = default;
};

// More machines than a user's programs send streams to within some minutes. All notes fit into the
// 4 KiB of os::read_small_file.
inline constexpr std::size_t kMostPathNotes = 64;
inline constexpr std::uint64_t kMostPathRate = 1'000'000'000'000;
inline constexpr std::size_t kPathNoteBytes = 21 + 4 + 8 + 4 + 8;
inline constexpr std::size_t kMostPathNotesBytes = 8 + kMostPathNotes * kPathNoteBytes;

// Encodes the first kMostPathNotes of sound notes.
std::string encode_path_notes(const std::vector<PathNote>& notes);
// Errors: bad_packet.
Result<std::vector<PathNote>> decode_path_notes(Bytes file);

}  // namespace mailslot::wire
