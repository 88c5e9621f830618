// Finds the addresses of hosts, so that a message to one need not go to all. Where none is found in
// time the caller sends to the group with the host's name in the frame: the answer may come late,
// the message does not. Threads: any. Fork: a child makes its own.
#pragma once

#include <chrono>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "model/ip_address.h"
#include "model/settings.h"
#include "os/look_up_host.h"

namespace mailslot {

inline constexpr std::chrono::seconds kResolvedFor{60};    // long enough to spare the resolver
inline constexpr std::chrono::seconds kUnresolvedFor{10};  // a host that comes up is soon found
inline constexpr std::size_t kMaxResolvedHosts = 256;
inline constexpr int kMaxLookUps = 8;  // at once; each holds a thread while the resolver is slow

class HostResolver {
public:
    using LookUp = std::function<std::vector<IpAddress>(const std::string& host)>;

    // `look_up` may block, and may still run when this object is gone.
    HostResolver(const Settings& settings, const Clock& clock, LookUp look_up = os::look_up_host);
    HostResolver(const HostResolver&) = delete;
    HostResolver& operator=(const HostResolver&) = delete;
    ~HostResolver();  // does not wait for a look-up under way

    // The address of `host`: that of the configured peers, else what the system's resolver says.
    // A look-up that takes longer than `wait` goes on by itself and a later call finds its answer;
    // until then a host found earlier keeps its address.
    std::optional<IpAddress> resolve(std::string_view host, std::chrono::milliseconds wait);
    // Those of all configured peers that are known by then; looked up at the same time.
    std::vector<IpAddress> resolve_peers(std::chrono::milliseconds wait);

private:
    struct Entry;
    struct State;
    void start_look_up(const std::string& key, const std::string& host);

    const Settings settings_;
    const Clock& clock_;
    const std::shared_ptr<State> state_;  // shared with the threads that look up
};

}  // namespace mailslot
