// Messages between processes of one machine over Unix sockets: docs/protocol/local-socket.md.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/bytes.h"
#include "mailslot/result.h"
#include "mailslot/slot_info.h"
#include "model/machine_id.h"

namespace mailslot::wire {

enum class LocalOp : std::uint8_t {
    attach = 1,         // writer: give me this slot's memory
    attached = 2,       // answer; number, descriptors: segment, liveness page, perhaps event
    info = 3,           // asks for the state of a slot
    slot_info = 4,      // answer
    ring = 5,           // writer: the slot is polled, and I lack the descriptor to signal
    event = 6,          // answer; descriptor: event
    refused = 7,        // answer to attach and info; why
    register_slot = 8,  // reading process to the post office; number, descriptors as with attached
    unregister_slot = 9,
    registered = 10,   // answer to register_slot; why, detail: reason if the network is unavailable
    reattach = 11,     // post office: the slot memory I have is dead
    senders = 12,      // anyone to the post office: list the slot's senders; cursor
    sender_page = 13,  // answer; senders, cursor
    counters = 14,     // anyone to the post office: list your counters
    counter_list = 15,
    make_room = 16,  // writer: more messages wait than the slot keeps; number: bytes without room
    drops = 17,      // anyone to the reading process: list the dropped messages by origin; cursor
    drop_page = 18,  // answer; drops, cursor
    // From a registered process: the machine id in its slots' memory. From the post office: the
    // machine id to write there.
    machine = 19,

    // Handing over: docs/office.md.
    offer = 20,              // post office to a registered process: I end, take the office
    claim = 21,              // give me the office; number: a Rank
    handed_lock = 22,        // descriptors: the lock, the books
    handed_socket = 23,      // descriptor; key: which carrier's; detail: its memo
    handed_registrant = 24,  // descriptor: the connection of a registered process
    handed_all = 25,         // the office is yours
    register_again = 26,     // new post office: tell me all your slots
    registered_all = 27,     // answer, after the last slot

    // Lending to a deputy: docs/office.md, "An office that does not answer".
    lent_pulse = 28,   // descriptor: the office's pulse; voids everything lent before
    lent_socket = 29,  // descriptor; key: which carrier's; detail: its memo
    lent_slot = 30,    // number, descriptors as with attached

    // Sockets for guests: docs/daemon.md, "Slots of several users".
    want_socket = 31,   // guest to the office: make me a socket; detail: former file, if any
    given_socket = 32,  // answer; detail: the socket's file; descriptor: the socket

    back_memory = 33,  // writer or office: provide memory for the slot (docs/memory.md)

    last = back_memory,
};

// The kind of process that claims the office.
enum class Rank : std::uint32_t {
    reader = 0,            // a reading process
    daemon = 1,            // mailslotd
    successor_daemon = 2,  // another mailslotd, to replace the running daemon
};

inline constexpr std::size_t kSendersPerPage = 32;  // 14 KiB with the longest names
inline constexpr std::size_t kDropsPerPage = 512;   // 8 KiB
inline constexpr std::size_t kMostCounters = 128;

// A counter of the post office, under the name used everywhere.
struct NamedCounter {
    std::string name;
    std::uint64_t value = 0;
    bool is_level = false;  // a present level; else a count since the post office began
};

struct LocalMessage {
    LocalOp op{};
    std::string key{};  // the slot, folded; empty if the connection is about a single slot
    // attached, register_slot: the writer's number in the slot; make_room; registered.
    std::uint32_t number = 0;
    Errc why{};            // refused; registered
    std::string detail{};  // registered
    SlotInfo info{};       // slot_info
    // senders, drops: start of the page. Their pages: start of the next page, if any.
    std::optional<std::uint64_t> cursor{};
    std::vector<SenderInfo> senders{};     // sender_page: at most kSendersPerPage
    std::vector<NamedCounter> counters{};  // counter_list: at most kMostCounters
    // drop_page: origins, each with its number of dropped messages; at most kDropsPerPage.
    std::vector<std::pair<std::uint64_t, std::uint64_t>> drops{};
    MachineId machine{};  // machine
};

std::vector<std::byte> encode(const LocalMessage& message);
// Errors: bad_packet.
Result<LocalMessage> decode_local_message(Bytes packet);

}  // namespace mailslot::wire
