// What the configuration files, the environment and options decide. Loading: src/config/.
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "mailslot/mailslot.h"
#include "model/limits.h"

namespace mailslot {

namespace trust {
class Keys;
}

enum class Families : std::uint8_t { both, ipv4, ipv6 };

// The classic Windows wire: docs/protocol/netbios-carrier.md.
struct ClassicSettings {
    std::string workgroup = "WORKGROUP";  // the group that \\*\mailslot\x means there
    std::vector<std::string> names;       // further ones of this machine's: "NAME#1C"
    // What comes by one carrier is passed on by the other: docs/windows.md, "As a gateway".
    bool passes_in = false, passes_out = false;
};

// What a machine calls itself.
struct HostName {
    std::string host{};
    std::string full{};  // with its domain; empty where that is not known
    bool operator==(const HostName&) const = default;
};

struct Settings {
    std::string dir;         // runtime folder of this machine, or of this user on it
    std::string system_dir;  // the whole machine's, "/run/mailslot"; may equal `dir`
    // Where this user's programs are that were started with, or without, XDG_RUNTIME_DIR, other
    // than this one; empty: `dir` was not chosen by that.
    std::string other_dir{};
    std::string host;                    // this machine's own name; model/own_host.h follows it
    std::string full_host;               // the same with its domain; empty where that is not known
    std::function<HostName()> ask_host;  // the system's; null where something else names it
    std::vector<std::string> host_aliases;     // further names of this machine
    std::uint16_t port = kDefaultPort;         // UDP
    bool keeps_port = false;                   // the whole machine's daemon: os::PortUse::kept
    std::vector<std::string> domains;          // that this machine is in
    std::map<std::string, std::string> peers;  // host name, folded -> IP address or DNS name
    bool unicast_peers = false;  // what is for many goes to each of them by its address as well
    Families families = Families::both;
    std::vector<std::string> interfaces;  // empty: all usable ones
    int hop_limit = kDefaultHopLimit;
    bool answer_queries = true;  // tells other machines which slots are here
    std::size_t receive_buffer_bytes = 4 * 1024 * 1024;
    std::uint64_t send_rate_bytes = kDefaultSendRateBytes;  // a second, in a stream; 0: no bound
    // Messages a second that one machine, and all of them together, may put into one slot here; 0:
    // as many as they like. docs/post-office.md, "Limits".
    std::uint64_t max_sender_rate = 0, max_slot_rate = 0;
    std::size_t metrics_senders = 100;     // told of one by one
    std::string keys_dir;                  // where keys of domains are; empty: beside the files
    std::vector<std::string> key_folders;  // which that makes; the last one counts most
    std::string default_domain;            // seals what is for no domain; empty: nothing does
    Trust require = Trust::none;           // of slots that say nothing
    std::shared_ptr<trust::Keys> keys;     // trust/keys.h; null: this machine has none
    std::string metrics;               // where they are served: os/stream_server.h; empty: nowhere
    bool udp = true, netbios = false;  // which carriers are used
    ClassicSettings classic;
    std::chrono::microseconds spin{40};  // how long a reader looks again before it sleeps
};

}  // namespace mailslot
