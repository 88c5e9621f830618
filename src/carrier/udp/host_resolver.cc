#include "carrier/udp/host_resolver.h"

#include <algorithm>
#include <condition_variable>
#include <map>
#include <mutex>
#include <utility>

#include "carrier/udp/udp_group.h"
#include "model/fold.h"
#include "os/thread.h"

namespace mailslot {

struct HostResolver::Entry {
    std::optional<IpAddress> address{};
    Clock::Instant asked_at{}, expires{};
    bool pending = false;   // a thread looks it up
    bool answered = false;  // it did, and `expires` is not set yet
    std::chrono::steady_clock::time_point answered_at{};
};

// All but `look_up` and `families` only under `mutex`.
struct HostResolver::State {
    explicit State(LookUp function, Families chosen)
        : look_up(std::move(function)), families(chosen) {}

    const LookUp look_up;
    const Families families;
    std::mutex mutex;
    std::condition_variable answered;
    std::map<std::string, Entry> entries;  // by folded name
    int look_ups = 0;

    void make_room();
    void store(const std::string& key, std::optional<IpAddress> address);
};

namespace {

std::optional<IpAddress> first_of(const std::vector<IpAddress>& addresses, Families families) {
    for (const IpAddress& address : addresses) {
        if (is_chosen(families, address.family)) return address;
    }
    return std::nullopt;
}

}  // namespace

// Forgets the host that was looked up longest ago. The pending ones, at most kMaxLookUps, stay.
void HostResolver::State::make_room() {
    if (entries.size() < kMaxResolvedHosts) return;
    auto oldest = entries.end();
    for (auto it = entries.begin(); it != entries.end(); ++it) {
        if (it->second.pending) continue;
        if (oldest == entries.end() || it->second.asked_at < oldest->second.asked_at) oldest = it;
    }
    if (oldest != entries.end()) entries.erase(oldest);
}

void HostResolver::State::store(const std::string& key, std::optional<IpAddress> address) {
    {
        const std::lock_guard lock(mutex);
        Entry& entry = entries[key];
        entry.address = address;
        entry.pending = false;
        entry.answered = true;
        entry.answered_at = std::chrono::steady_clock::now();
        --look_ups;
    }
    answered.notify_all();
}

HostResolver::HostResolver(const Settings& settings, const Clock& clock, LookUp look_up)
    : settings_(settings),
      clock_(clock),
      state_(std::make_shared<State>(std::move(look_up), settings.families)) {}

HostResolver::~HostResolver() = default;

std::optional<IpAddress> HostResolver::resolve(std::string_view host,
                                               std::chrono::milliseconds wait) {
    const auto key = fold(host);
    // What is not text no resolver knows, and one would stop reading at a zero.
    if (!key || key->find('\0') != std::string::npos) return std::nullopt;
    const auto peer = settings_.peers.find(*key);
    const std::string name = peer == settings_.peers.end() ? std::string(host) : peer->second;
    if (const auto literal = parse_ip_address(name)) return literal;

    std::unique_lock lock(state_->mutex);
    const auto usable = [&] {
        const auto found = state_->entries.find(*key);
        if (found == state_->entries.end()) return false;
        Entry& entry = found->second;
        if (entry.answered) {  // the clock is ours, not the thread's: it may outlive the clock
            const auto age = std::chrono::steady_clock::now() - entry.answered_at;
            const auto lasts = entry.address ? kResolvedFor : kUnresolvedFor;
            entry.expires = clock_.now() + lasts - age;
            entry.answered = false;
        }
        return !entry.pending && clock_.now() < entry.expires;
    };
    if (!usable()) {
        start_look_up(*key, name);
        const auto found = state_->entries.find(*key);
        if (found == state_->entries.end()) return std::nullopt;
        // One wait for each look-up: a slow resolver does not hold up every message.
        const auto left = wait - (clock_.now() - found->second.asked_at);
        if (found->second.pending && left > left.zero()) {
            state_->answered.wait_for(lock, left, usable);
        }
    }
    const auto found = state_->entries.find(*key);
    return found == state_->entries.end() ? std::nullopt : found->second.address;
}

std::vector<IpAddress> HostResolver::resolve_peers(std::chrono::milliseconds wait) {
    if (wait > wait.zero()) resolve_peers(wait.zero());  // all of them begin
    std::vector<IpAddress> addresses;
    for (const auto& [name, where] : settings_.peers) {
        const auto known = resolve(name, wait);
        if (known && is_chosen(settings_.families, known->family)) addresses.push_back(*known);
    }
    return addresses;
}

// With the mutex held. Does nothing where one is under way, or too many are.
void HostResolver::start_look_up(const std::string& key, const std::string& host) {
    const auto known = state_->entries.find(key);
    if (known != state_->entries.end() && known->second.pending) return;
    if (state_->look_ups >= kMaxLookUps) return;
    if (known == state_->entries.end()) state_->make_room();
    const bool started = os::run_detached([state = state_, key, host] {
        state->store(key, first_of(state->look_up(host), state->families));
    });
    if (!started) return;
    Entry& entry = state_->entries[key];
    entry.pending = true;
    entry.asked_at = clock_.now();
    ++state_->look_ups;
}

}  // namespace mailslot
