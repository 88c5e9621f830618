// Every limit of the project that is not one slot's own, with its reason.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>

namespace mailslot {

// An address as a whole, in UTF-16 units: what Windows takes (behaviour table, N14).
inline constexpr std::size_t kMaxAddressUnits = 259;

// A UDP payload: fits every IPv6 path (1280 bytes) with its headers and those of a tunnel to spare.
inline constexpr std::size_t kMaxDatagramBytes = 1200;

// A message on the network: above this, fragment loss makes arrival unlikely; hand over a file
// instead.
inline constexpr std::size_t kMaxNetworkMessageBytes = 1024 * 1024;

// Half-arrived messages: of one sender, so that one cannot use up the room of all; and of all
// together.
inline constexpr std::size_t kMaxReassemblyBytesPerSender = 4 * 1024 * 1024;
inline constexpr std::size_t kMaxReassemblyBytes = 64 * 1024 * 1024;
inline constexpr std::size_t kMaxReassembliesPerSender = 256;
inline constexpr std::chrono::milliseconds kFragmentTimeout{
    1000};  // after the last fragment that came

// Senders remembered: about 770 bytes each, 2050 at worst (docs/post-office.md); the one silent for
// longest is forgotten first.
inline constexpr std::size_t kMaxSenders = 65536;
// How far back in a sender's sequence a message may still be told from a repeat.
inline constexpr std::uint64_t kRepeatWindow = 1024;

// A sequence number that a writer can reach (300 years at a million messages a second); higher ones
// are damage.
inline constexpr std::uint64_t kMaxSequence = (std::uint64_t{1} << 53) - 1;

inline constexpr std::uint16_t kDefaultPort = 17138;
inline constexpr int kDefaultHopLimit = 1;
// What one writer sends in a stream; docs/protocol/udp-carrier.md, "Pace", has the reason.
inline constexpr std::uint64_t kDefaultSendRateBytes = 512 * 1024 * 1024;

}  // namespace mailslot
