// Settings from the configuration files, the environment and options. Loaded by src/config/.
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "mailslot/types.h"
#include "model/limits.h"

namespace mailslot {

namespace trust {
class Keys;
}

enum class Families : std::uint8_t { both, ipv4, ipv6 };

// The classic Windows wire: docs/protocol/netbios-carrier.md.
struct ClassicSettings {
    std::string workgroup = "WORKGROUP";  // the group that \\*\mailslot\x means there
    std::vector<std::string> names;       // further names of this machine: "NAME#1C"
    // Pass messages on from a carrier to the other: docs/windows.md, "As a gateway".
    bool passes_in = false, passes_out = false;
};

// A machine's own name.
struct HostName {
    std::string host{};
    std::string full{};  // with its domain; empty if unknown
    bool operator==(const HostName&) const = default;
};

struct Settings {
    std::string dir;         // runtime folder of this machine, or of this user on it
    std::string system_dir;  // the whole machine's, "/run/mailslot"; may equal `dir`
    // Folder of this user's programs that were started the other way, with or without
    // XDG_RUNTIME_DIR. Empty if `dir` was not chosen by that variable.
    std::string other_dir{};
    std::string host;                    // this machine's name; may change, see model/own_host.h
    std::string full_host;               // `host` with its domain; empty if unknown
    std::function<HostName()> ask_host;  // asks the system; null if something else gives the name
    std::vector<std::string> host_aliases;     // further names of this machine
    std::uint16_t port = kDefaultPort;         // UDP
    bool keeps_port = false;                   // for the whole machine's daemon: os::PortUse::kept
    std::vector<std::string> domains;          // domains of this machine
    std::map<std::string, std::string> peers;  // host name, folded -> IP address or DNS name
    bool unicast_peers = false;  // also sends messages for many to each peer's address
    Families families = Families::both;
    std::vector<std::string> interfaces;  // empty: all usable ones
    int hop_limit = kDefaultHopLimit;
    bool answer_queries = true;  // tells other machines which slots are here
    std::size_t receive_buffer_bytes = 4 * 1024 * 1024;
    std::uint64_t send_rate_bytes = kDefaultSendRateBytes;  // a second, in a stream; 0: no limit
    // Bytes a second of a stream about which no reports come. 0: such a stream, and every other,
    // goes at send_rate_bytes.
    std::uint64_t send_rate_unheard_bytes = kDefaultSendRateUnheardBytes;
    // Least bytes a second of a stream to many machines, whatever its slowest reader takes.
    std::uint64_t group_floor_bytes = kDefaultGroupFloorBytes;
    // Messages a second that each sending machine, or all of them together, may put into a slot
    // here. 0: no limit. docs/post-office.md, "Limits".
    std::uint64_t max_sender_rate = 0, max_slot_rate = 0;
    std::size_t metrics_senders = 100;     // listed singly
    std::string keys_dir;                  // folder of domain keys; empty: beside the files
    std::vector<std::string> key_folders;  // folders of keys, by keys_dir; the last wins
    std::string default_domain;            // seals messages for no domain; empty: none does
    Trust require = Trust::none;           // default for slots
    std::shared_ptr<trust::Keys> keys;     // trust/keys.h; null: this machine has none
    std::string metrics;               // address of the metrics: os/stream_server.h; empty: none
    bool udp = true, netbios = false;  // which carriers are used
    ClassicSettings classic;
    std::chrono::microseconds spin{40};  // how long a reader looks again before it sleeps
};

}  // namespace mailslot
