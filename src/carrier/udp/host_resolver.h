// Finds the addresses of hosts, so that a message to one need not go to all. Where none is found in
// time the caller sends to the group with the host's name in the frame: the answer may come late,
// the message does not. The rule for all that is sent to a host is destination(): docs/names.md,
// "How a host is found". Threads: any. Fork: a child makes its own.
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

inline constexpr std::chrono::seconds kResolvedFor{60};    // long enough to spare the resolver
inline constexpr std::chrono::seconds kUnresolvedFor{10};  // a host that comes up is soon found
// Routes and own addresses change; asking the system costs as much as sending a message.
inline constexpr std::chrono::seconds kAddressCheckedFor{1};
inline constexpr std::size_t kMaxResolvedHosts = 256;
// At once; each holds a thread while the resolver is slow, and a dead name server is for 10 s and
// more. Further ones wait their turn.
inline constexpr int kMaxLookUps = 32;

struct HostResolverPorts {
    using LookUp = std::function<os::HostAnswer(const std::string& host)>;
    LookUp look_up = os::look_up_host;  // may block, and may run when the resolver is gone
    LookUp look_up_in_hosts_file = os::look_up_in_hosts_file;  // does not block
    std::function<os::AddressUse(const IpAddress& address)> use_of = os::use_of;
};

class HostResolver {
public:
    using Ports = HostResolverPorts;

    HostResolver(const Settings& settings, const Clock& clock, Ports ports = {});
    HostResolver(const HostResolver&) = delete;
    HostResolver& operator=(const HostResolver&) = delete;
    ~HostResolver();  // does not wait for a look-up under way

    struct Host {
        IpAddress address{};
        // The folded names that it may have, the one asked for first. Empty: the configuration
        // gives the address, and whoever has it is meant.
        std::vector<std::string> names{};
    };
    // An address that may be the host's: of the configured peers, else of the hosts file, else as
    // the system's resolver says. A look-up that takes longer than `wait` goes on by itself and a
    // later call finds its answer; until then a host found earlier keeps its address.
    std::optional<Host> resolve(std::string_view host, std::chrono::milliseconds wait);
    // The destination of messages to that place, a host or not.
    Destination destination(const Address& address, std::chrono::milliseconds wait);
    // All that is known of the host, be it good for something or not.
    std::vector<IpAddress> answers(std::string_view host) const;
    // Those of all configured peers that are known by then; looked up at the same time.
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
