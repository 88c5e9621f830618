#include "carrier/udp/host_resolver.h"

#include <algorithm>
#include <condition_variable>
#include <deque>
#include <mutex>
#include <utility>

#include "carrier/udp/udp_group.h"
#include "model/fold.h"
#include "os/thread.h"
#include "wire/frame.h"

namespace mailslot {

// A host to look up.
struct HostResolver::Question {
    std::string key;                   // the entry's key
    std::string name;                  // to look up
    std::optional<IpAddress> literal;  // given by the configuration
    std::vector<std::string> names;    // folded names of the host
};

struct HostResolver::Answer {
    std::vector<IpAddress> addresses{};
    std::string canonical_name{};
    // The last result of choose(), and its time.
    std::optional<IpAddress> chosen{};
    std::optional<Clock::Instant> chosen_at{};
};

struct HostResolver::Entry {
    Answer answer{};
    Clock::Instant asked_at{}, expires{};
    bool pending = false;   // a look-up runs or waits for a thread
    bool answered = false;  // answered, but `expires` is not set yet
    std::chrono::steady_clock::time_point answered_at{};
};

// The mutex guards all members but `look_up` and `families`.
struct HostResolver::State {
    State(Ports::LookUp function, Families chosen)
        : look_up(std::move(function)), families(chosen) {}

    const Ports::LookUp look_up;
    const Families families;
    std::mutex mutex;
    std::condition_variable answered;
    std::map<std::string, Entry> entries{};    // by folded name
    std::map<std::string, Answer> literals{};  // peers' addresses, also by folded name
    // Key and name. Names that have not failed go first: a dead name server must not hold up the
    // others.
    std::deque<std::pair<std::string, std::string>> waiting{}, waiting_again{};
    int threads = 0;
    bool is_abandoned = false;  // the resolver is gone
    // The last destination with an address, because a writer asks for the same before every
    // message.
    Destination last{};
    std::string last_place{};
    std::size_t last_slot_bytes = 0;
    Clock::Instant last_until{};

    const Destination* remembered(const Address& address, Clock::Instant now) const;
    void remember(const Address& address, const Destination& to, Clock::Instant now);
    bool make_room();
    std::optional<std::pair<std::string, std::string>> take_next();
    void look_up_all();
    void store(const std::string& key, os::HostAnswer found);
};

// Forgets the host that was looked up longest ago and is not pending. Returns false if all are
// pending.
bool HostResolver::State::make_room() {
    if (entries.size() < kMaxResolvedHosts) return true;
    auto oldest = entries.end();
    for (auto it = entries.begin(); it != entries.end(); ++it) {
        if (it->second.pending) continue;
        if (oldest == entries.end() || it->second.asked_at < oldest->second.asked_at) oldest = it;
    }
    if (oldest == entries.end()) return false;
    entries.erase(oldest);
    return true;
}

void HostResolver::State::store(const std::string& key, os::HostAnswer found) {
    Entry& entry = entries[key];
    entry.answer = {};
    for (const IpAddress& address : found.addresses) {
        if (is_chosen(families, address.family)) entry.answer.addresses.push_back(address);
    }
    entry.answer.canonical_name = std::move(found.canonical_name);
    entry.pending = false;
    entry.answered = true;
    entry.answered_at = std::chrono::steady_clock::now();
}

std::optional<std::pair<std::string, std::string>> HostResolver::State::take_next() {
    auto& queue = waiting.empty() ? waiting_again : waiting;
    if (queue.empty() || is_abandoned) return std::nullopt;
    auto next = std::move(queue.front());
    queue.pop_front();
    return next;
}

const Destination* HostResolver::State::remembered(const Address& address,
                                                   Clock::Instant now) const {
    const bool is_same = address.place_text == last_place &&
                         address.slot.text.size() == last_slot_bytes && now < last_until;
    return is_same ? &last : nullptr;
}

void HostResolver::State::remember(const Address& address, const Destination& to,
                                   Clock::Instant now) {
    last = to;
    last_place = address.place_text;
    last_slot_bytes = address.slot.text.size();
    last_until = now + kAddressCheckedFor;
}

// A thread's work: looks up names until none waits.
void HostResolver::State::look_up_all() {
    std::unique_lock lock(mutex);
    while (const auto next = take_next()) {
        lock.unlock();
        auto found = look_up(next->second);
        lock.lock();
        store(next->first, std::move(found));
        answered.notify_all();
    }
    --threads;
}

HostResolver::HostResolver(const Settings& settings, const Clock& clock, Ports ports)
    : settings_(settings),
      clock_(clock),
      ports_(std::move(ports)),
      own_names_(settings),
      state_(std::make_shared<State>(ports_.look_up, settings.families)) {}

HostResolver::~HostResolver() {
    const std::lock_guard lock(state_->mutex);
    state_->is_abandoned = true;
}

std::optional<HostResolver::Question> HostResolver::question_of(std::string_view host) const {
    const auto key = fold(host);
    // Only text can be a host name, and some resolvers would stop reading at a zero.
    if (!key || key->find('\0') != std::string::npos) return std::nullopt;
    Question question{*key, std::string(host), {}, {host_key(host)}};
    const auto peer = settings_.peers.find(host_key(host));
    if (peer == settings_.peers.end()) return question;
    question.name = peer->second;
    question.literal = parse_ip_address(question.name);
    question.names.push_back(host_key(question.name));
    return question;
}

std::optional<HostResolver::Host> HostResolver::resolve(std::string_view host,
                                                        std::chrono::milliseconds wait) {
    const auto question = question_of(host);
    if (!question) return std::nullopt;
    const std::string& key = question->key;
    std::unique_lock lock(state_->mutex);
    if (question->literal) {
        Answer& answer = state_->literals[key];
        answer.addresses = {*question->literal};
        return choose(answer, *question);
    }
    if (!is_usable(key)) {
        start_look_up(*question);
        const auto found = state_->entries.find(key);
        if (found == state_->entries.end()) return std::nullopt;
        // The wait counts from the start of the look-up: a slow resolver does not hold up every
        // message.
        const auto left = wait - (clock_.now() - found->second.asked_at);
        if (found->second.pending && left > left.zero()) {
            state_->answered.wait_for(lock, left, [&] { return is_usable(key); });
        }
    }
    const auto found = state_->entries.find(key);
    if (found == state_->entries.end()) return std::nullopt;
    return choose(found->second.answer, *question);
}

// Needs the mutex.
bool HostResolver::is_usable(const std::string& key) {
    const auto found = state_->entries.find(key);
    if (found == state_->entries.end()) return false;
    Entry& entry = found->second;
    if (entry.answered) {  // sets `expires` here: the thread may outlive clock_
        const auto age = std::chrono::steady_clock::now() - entry.answered_at;
        const auto lasts = entry.answer.addresses.empty() ? kUnresolvedFor : kResolvedFor;
        entry.expires = clock_.now() + lasts - age;
        entry.answered = false;
    }
    return !entry.pending && clock_.now() < entry.expires;
}

// Needs the mutex. Does nothing if a look-up is pending.
void HostResolver::start_look_up(const Question& question) {
    const auto known = state_->entries.find(question.key);
    if (known != state_->entries.end() && known->second.pending) return;
    if (known == state_->entries.end() && !state_->make_room()) return;
    const bool has_failed =
        known != state_->entries.end() && known->second.answer.addresses.empty();
    auto in_file = ports_.look_up_in_hosts_file(question.name);
    if (in_file.addresses.empty() && !enqueue(question, has_failed)) return;
    Entry& entry = state_->entries[question.key];
    entry.asked_at = clock_.now();
    entry.pending = true;
    if (!in_file.addresses.empty()) state_->store(question.key, std::move(in_file));
}

// Needs the mutex. Returns false if no thread can be started.
bool HostResolver::enqueue(const Question& question, bool has_failed) {
    auto& queue = has_failed ? state_->waiting_again : state_->waiting;
    queue.emplace_back(question.key, question.name);
    if (state_->threads >= kMaxLookUps) return true;
    ++state_->threads;
    if (os::run_detached([state = state_] { state->look_up_all(); })) return true;
    if (--state_->threads > 0) return true;  // another thread will take it
    queue.pop_back();
    return false;
}

// Returns the first address, in the resolver's order, that may be the host's. Needs the mutex.
std::optional<HostResolver::Host> HostResolver::choose(Answer& answer, const Question& question) {
    const auto now = clock_.now();
    if (!answer.chosen_at || now - *answer.chosen_at >= kAddressCheckedFor) {
        const auto found = std::ranges::find_if(answer.addresses, [&](const IpAddress& address) {
            return may_be_meant(address, answer, question);
        });
        answer.chosen.reset();
        if (found != answer.addresses.end()) answer.chosen = *found;
        answer.chosen_at = now;
    }
    if (!answer.chosen) return std::nullopt;
    if (question.literal) return Host{*answer.chosen, {}};
    Host host{*answer.chosen, question.names};
    const std::string canonical = host_key(answer.canonical_name);
    const auto& last = host.names.back();
    const bool is_completed = canonical.starts_with(last + '.');  // with the resolver's own domain
    if (!canonical.empty() && canonical != last && !is_completed) host.names.push_back(canonical);
    return host;
}

// A host name that leads to an address of ours means another host only if every machine has such an
// address, e.g. on a bridge for containers. Such an address leads nowhere.
bool HostResolver::may_be_meant(const IpAddress& address, const Answer& answer,
                                const Question& question) {
    switch (ports_.use_of(address)) {
        case os::AddressUse::another_host:
            return true;
        case os::AddressUse::this_machine:
            // The configuration may name this machine.
            if (question.literal && address.is_loopback()) return true;
            return own_names_.may_have(question.names.front()) ||
                   own_names_.may_have(host_key(answer.canonical_name));
        default:
            return false;
    }
}

Destination HostResolver::destination(const Address& address, std::chrono::milliseconds wait) {
    if (address.place == Place::ip) return {Scope::direct, {}, address.ip};
    if (address.place != Place::named) return {Scope::everybody, {}, {}};
    {
        const std::lock_guard lock(state_->mutex);
        if (const auto* known = state_->remembered(address, clock_.now())) return *known;
    }
    const auto host = resolve(address.place_text, wait);
    if (!host) return {Scope::named, address.place_key, {}};
    std::string names;
    const std::size_t room =
        wire::kMaxNamesBytes - std::min(address.slot.text.size(), wire::kMaxNamesBytes);
    for (const std::string& name : host->names) {
        const std::size_t more = name.size() + (names.empty() ? 0 : 1);
        if (names.size() + more > room) break;
        if (!names.empty()) names += kBetweenNames;
        names += name;
    }
    const Destination to{Scope::direct, std::move(names), host->address};
    const std::lock_guard lock(state_->mutex);
    state_->remember(address, to, clock_.now());
    return to;
}

std::vector<IpAddress> HostResolver::answers(std::string_view host) const {
    const auto question = question_of(host);
    if (!question) return {};
    if (question->literal) return {*question->literal};
    const std::lock_guard lock(state_->mutex);
    const auto found = state_->entries.find(question->key);
    if (found == state_->entries.end()) return {};
    return found->second.answer.addresses;
}

std::vector<IpAddress> HostResolver::resolve_peers(std::chrono::milliseconds wait) {
    if (wait > wait.zero()) resolve_peers(wait.zero());  // starts all look-ups
    std::vector<IpAddress> addresses;
    for (const auto& [name, where] : settings_.peers) {
        const auto known = resolve(name, wait);
        if (known && is_chosen(settings_.families, known->address.family)) {
            addresses.push_back(known->address);
        }
    }
    return addresses;
}

}  // namespace mailslot
