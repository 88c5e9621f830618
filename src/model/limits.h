// Limits of the whole project, with their reasons; a slot's own limits are elsewhere.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>

namespace mailslot {

// A whole address, in UTF-16 units, as on Windows (behaviour table, N14).
inline constexpr std::size_t kMaxAddressUnits = 259;

// A UDP payload. Fits every IPv6 path (1280 bytes) with room for its headers and those of a tunnel.
inline constexpr std::size_t kMaxDatagramBytes = 1200;

// A message on the network. A larger message would often lose a fragment: hand over a file instead.
inline constexpr std::size_t kMaxNetworkMessageBytes = 1024 * 1024;

// Half-arrived messages: of one sender, so that no sender can use up all the room, and of all
// senders.
inline constexpr std::size_t kMaxReassemblyBytesPerSender = 4 * 1024 * 1024;
inline constexpr std::size_t kMaxReassemblyBytes = 64 * 1024 * 1024;
inline constexpr std::size_t kMaxReassembliesPerSender = 256;
// Counted from the last fragment that came.
inline constexpr std::chrono::milliseconds kFragmentTimeout{1000};

// Senders remembered, at about 770 bytes each, 2050 at worst (docs/post-office.md). The sender that
// has been silent for longest is forgotten first.
inline constexpr std::size_t kMaxSenders = 65536;
// Numbers behind a sender's newest for which a message can still be told from a repeat.
inline constexpr std::uint64_t kRepeatWindow = 1024;

// Highest sequence number that a writer can reach (300 years at a million messages a second).
// Higher numbers are damage.
inline constexpr std::uint64_t kMaxSequence = (std::uint64_t{1} << 53) - 1;

inline constexpr std::uint16_t kDefaultPort = 17138;
inline constexpr int kDefaultHopLimit = 1;
// Rate of a writer's stream; docs/protocol/udp-carrier.md, "Pace", gives the reason.
inline constexpr std::uint64_t kDefaultSendRateBytes = 512 * 1024 * 1024;
// Rate of a stream about which no reports come: two thirds of 100 Mbit/s.
inline constexpr std::uint64_t kDefaultSendRateUnheardBytes = 8 * 1024 * 1024;
// Least rate of a stream to many machines whatever its slowest reader takes: fits 10 Mbit/s.
inline constexpr std::uint64_t kDefaultGroupFloorBytes = 1024 * 1024;

}  // namespace mailslot
