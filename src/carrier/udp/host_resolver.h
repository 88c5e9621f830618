// Finds the addresses of hosts, so that a message to a host need not go to all machines. If no
// address is found in time, the caller sends to the group with the host's name in the frame: the
// answer may come late, the message does not. destination() is the rule for all messages to a host:
// docs/names.md, "How a host is found".
// Threads: any.
// Fork: a child makes its own.
#pragma once

#include <chrono>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "carrier/carrier.h"
#include "model/address.h"
#include "model/host_names.h"
#include "model/ip_address.h"
#include "model/settings.h"
#include "os/look_up_host.h"

namespace mailslot {

inline constexpr std::chrono::seconds kResolvedFor{60};    // spares the resolver
inline constexpr std::chrono::seconds kUnresolvedFor{10};  // a host that comes up is found soon
// Routes and own addresses change; asking the system costs as much as sending a message.
inline constexpr std::chrono::seconds kAddressCheckedFor{1};
inline constexpr std::size_t kMaxResolvedHosts = 256;
// Look-ups at the same time; further look-ups wait. Each holds a thread while the resolver is slow;
// a dead name server takes 10 s and more.
inline constexpr int kMaxLookUps = 32;

struct HostResolverPorts {
    using LookUp = std::function<os::HostAnswer(const std::string& host)>;
    LookUp look_up = os::look_up_host;  // may block; may still run after the resolver's end
    LookUp look_up_in_hosts_file = os::look_up_in_hosts_file;  // does not block
    std::function<os::AddressUse(const IpAddress& address)> use_of = os::use_of;
};

class HostResolver {
public:
    using Ports = HostResolverPorts;

    HostResolver(const Settings& settings, const Clock& clock, Ports ports = {});
    HostResolver(const HostResolver&) = delete;
    HostResolver& operator=(const HostResolver&) = delete;
    ~HostResolver();  // does not wait for running look-ups

    struct Host {
        IpAddress address{};
        // Folded names that the host may have, the requested name first. Empty: the configuration
        // gives the address, and any machine at that address is meant.
        std::vector<std::string> names{};
    };
    // Returns an address that may be the host's: from the configured peers, else from the hosts
    // file, else from the system's resolver. If the look-up takes longer than `wait`, it goes on in
    // the background and a later call finds its answer; until then the host keeps an address found
    // earlier.
    std::optional<Host> resolve(std::string_view host, std::chrono::milliseconds wait);
    // Returns the destination of messages to `address`, a host or not.
    Destination destination(const Address& address, std::chrono::milliseconds wait);
    // Returns all known addresses of the host, usable or not.
    std::vector<IpAddress> answers(std::string_view host) const;
    // Looks up all configured peers at the same time; returns the addresses known after `wait`.
    std::vector<IpAddress> resolve_peers(std::chrono::milliseconds wait);

private:
    struct Answer;
    struct Entry;
    struct State;
    struct Question;

    std::optional<Question> question_of(std::string_view host) const;
    bool is_usable(const std::string& key);
    void start_look_up(const Question& question);
    bool enqueue(const Question& question, bool has_failed);
    std::optional<Host> choose(Answer& answer, const Question& question);
    bool may_be_meant(const IpAddress& address, const Answer& answer, const Question& question);

    const Settings settings_;
    const Clock& clock_;
    const Ports ports_;
    const HostNames own_names_;
    const std::shared_ptr<State> state_;  // shared with the threads that look up
};

}  // namespace mailslot
