#include "api/search.h"

#include <algorithm>
#include <utility>

#include "carrier/udp/host_resolver.h"
#include "model/fold.h"
#include "model/own_host.h"

namespace mailslot {
namespace {

using namespace std::chrono_literals;

// Longer than an answer to the first query may be delayed, plus its way back.
constexpr auto kAskAgain = 200ms;
constexpr std::chrono::milliseconds kAskAgainAtLeast{1000};  // a machine may have come meanwhile
constexpr Timeout kForEver = std::chrono::hours(24 * 365);   // sums of times stay far from overflow
constexpr auto kWaitForAddress = 100ms;

void add(std::vector<Destination>& to, Destination destination) {
    const auto same = [&](const Destination& d) {
        return d.address == destination.address && d.scope == destination.scope;
    };
    if (std::ranges::none_of(to, same)) to.push_back(std::move(destination));
}

// Returns the destinations that a message to that place would have. Peers are asked by address,
// because the group may not reach them.
std::vector<Destination> destinations_of(const Address& address, const Settings& settings,
                                         const Clock& clock) {
    HostResolver resolver(settings, clock);
    const Destination place = resolver.destination(address, kWaitForAddress);
    if (address.place == Place::ip) return {place};
    std::vector<Destination> to;
    const bool is_named = address.place == Place::named;
    const Destination group{is_named ? Scope::named : Scope::everybody,
                            is_named ? address.place_key : std::string(),
                            {}};
    to.push_back(group);
    if (place.scope == Scope::direct) add(to, place);
    for (const IpAddress& peer : resolver.resolve_peers(kWaitForAddress)) {
        add(to, {group.scope, group.to, peer});
    }
    return to;
}

}  // namespace

Search::Search(Process& process, const std::optional<Address>& address) : process_(process) {
    Address to = address.value_or(Address{});
    if (to.place == Place::here) to.place = Place::everybody;
    slot_ = to.slot.text;
    const Reach reach = reach_of(to, process.settings());
    is_here_asked_ = reach.this_machine;
    if (reach.others) {
        destinations_ = destinations_of(to, process.settings(), process.clock());
    }
    id_ = process.random().u64();
    machine_id_ =
        process.random().u64();  // differs from every machine's, since an asker has no slots
    here_.machine.host = own_host(process.settings());
}

Result<Search> Search::create(const std::optional<Address>& address) {
    const auto process = Process::current();
    if (!process) return process.error();
    if (address) {
        if (auto checked = check_place(*address); !checked) return checked.error();
    }
    return Search(**process, address);
}

Result<void> Search::ask() {
    if (is_here_asked_) {
        if (auto looked = look_here(); !looked) return looked;
    }
    if (destinations_.empty()) return {};
    auto asker = UdpAsker::open(process_.settings());
    if (!asker) {
        network_error_ = asker.error();
        return {};
    }
    asker_ = std::move(*asker);
    send(nullptr, 0);
    return {};
}

Result<void> Search::look_here() {
    const auto slots = list();
    if (!slots) return slots.error();
    const auto wanted = fold(slot_);
    for (const SlotInfo& slot : *slots) {
        const std::string key = fold(slot.name).value_or(slot.name);
        if (slot_.empty() || key == wanted) here_.slots[key] = slot.name;
    }
    here_.machine.total = here_.slots.size();
    return {};
}

// Sends the query to all, or to machines with one name for slots that they have not listed yet.
void Search::send(const std::string* only_host, std::uint32_t first) {
    Envelope query;
    query.slot = slot_;
    query.from_host = here_.machine.host;
    query.machine_id = machine_id_;
    query.sent_at_us = process_.clock().unix_microseconds();
    std::optional<Error> failed;
    bool left = false;
    for (Destination to : destinations_) {
        if (only_host != nullptr && to.scope != Scope::direct) {
            to.scope = Scope::named;
            to.to = *only_host;
        }
        const auto sent = asker_->ask(to, query, id_, first);
        if (sent) left = true;
        if (!sent) failed = sent.error();
    }
    network_error_ = left ? std::nullopt : failed;
}

Result<void> Search::collect(const FindOptions& options) {
    if (!asker_) return {};
    const auto begun = process_.clock().now();
    const bool is_bounded = options.timeout >= Timeout::zero() && options.timeout < kForEver;
    const auto deadline = is_bounded ? begun + options.timeout : Clock::Instant::max();
    auto interval = std::chrono::milliseconds(kAskAgain);
    auto again = begun + interval;
    for (;;) {
        const auto now = process_.clock().now();
        if (is_enough(options.enough) || now >= deadline) return {};
        if (options.interrupted != nullptr && options.interrupted()) {
            return Error{Errc::interrupted, "find"};
        }
        if (now >= again) {
            send(nullptr, 0);
            interval = std::min(2 * interval, kAskAgainAtLeast);
            again = now + interval;
        }
        asker_->wait(std::min(deadline, again), [this](const Envelope& answer) { hear(answer); });
    }
}

void Search::hear(const Envelope& envelope) {
    const auto answer = wire::decode_answer(envelope.payload);
    if (!answer || answer->query_id != id_ || envelope.slot != slot_) return;
    const bool is_of_one = answer->total == 1 && fold(answer->names[0]) == fold(slot_);
    if (!slot_.empty() && !is_of_one) return;
    if (is_here(envelope)) {
        keep(here_, *answer);
        here_.machine.total = std::max<std::uint64_t>(here_.machine.total, here_.slots.size());
        return;
    }
    Answers* const known = answers_of(envelope);
    if (known == nullptr) return;
    Answers& from = *known;
    from.machine.host = envelope.from_host;
    from.machine.total = answer->total;
    from.clock_ahead_us = envelope.sent_at_us - process_.clock().unix_microseconds();
    keep(from, *answer);
    // Asks for the next names, once.
    const auto next = answer->first + static_cast<std::uint32_t>(answer->names.size());
    if (next >= answer->total || next <= from.asked_from) return;
    from.asked_from = next;
    const std::string host = fold(envelope.from_host).value_or(std::string());
    if (!host.empty()) send(&host, next);
}

// Returns null if there is no room for another machine.
Search::Answers* Search::answers_of(const Envelope& envelope) {
    const std::pair key(envelope.machine_id,
                        fold(envelope.from_host).value_or(std::string(envelope.from_host)));
    if (const auto found = others_.find(key); found != others_.end()) {
        return &found->second;
    }
    const std::string address = to_string(envelope.from_address);
    const auto same = std::ranges::count_if(
        others_, [&](const auto& other) { return other.second.machine.address == address; });
    if (others_.size() >= kMaxFoundMachines ||
        static_cast<std::size_t>(same) >= kMaxMachinesOfAnAddress) {
        return nullptr;
    }
    Answers& added = others_[key];
    added.machine.address = address;
    return &added;
}

void Search::keep(Answers& from, const wire::Answer& answer) {
    for (const std::string_view name : answer.names) {
        const auto key = fold(name);
        if (!key || slots_kept_ >= kMaxFoundSlots) continue;
        slots_kept_ += from.slots.emplace(*key, name).second;
    }
}

// Returns whether the answer comes from this machine: from another user's post office, or from
// ours, which has been asked for its slots.
bool Search::is_here(const Envelope& envelope) const {
    if (fold(envelope.from_host) != fold(here_.machine.host)) return false;
    Address from;
    from.place = Place::ip;
    from.ip = envelope.from_address;
    return reach_of(from, process_.settings()).this_machine;
}

std::size_t Search::machines() const { return others_.size() + (here_.slots.empty() ? 0 : 1); }

Found Search::found() const {
    const auto filled = [](const Answers& answers) {
        Machine machine = answers.machine;
        for (const auto& [key, name] : answers.slots) machine.slots.push_back(name);
        return machine;
    };
    Found found{{}, network_error_};
    for (const auto& [key, answers] : others_) found.machines.push_back(filled(answers));
    std::ranges::sort(found.machines, [](const Machine& a, const Machine& b) {
        return std::tie(a.host, a.address) < std::tie(b.host, b.address);
    });
    if (!here_.slots.empty()) found.machines.insert(found.machines.begin(), filled(here_));
    return found;
}

std::optional<Search::ClockDifference> Search::largest_clock_difference() const {
    const Answers* largest = nullptr;
    for (const auto& [key, answers] : others_) {
        const auto off = [](const Answers& a) {
            return a.clock_ahead_us < 0 ? -(a.clock_ahead_us + 1) : a.clock_ahead_us;
        };
        if (largest == nullptr || off(answers) > off(*largest)) largest = &answers;
    }
    if (largest == nullptr) return std::nullopt;
    return ClockDifference{largest->machine.host,
                           std::chrono::duration_cast<std::chrono::milliseconds>(
                               std::chrono::microseconds(largest->clock_ahead_us))};
}

std::vector<std::string> Search::other_versions() const {
    std::vector<std::string> all;
    if (!asker_) return all;
    for (const IpAddress& address : asker_->other_versions()) all.push_back(to_string(address));
    return all;
}

namespace {

Result<Found> find(const std::optional<Address>& address, const FindOptions& options) {
    auto search = Search::create(address);
    if (!search) return search.error();
    if (auto asked = search->ask(); !asked) return asked.error();
    if (auto collected = search->collect(options); !collected) return collected.error();
    return search->found();
}

}  // namespace

Result<Found> find_readers(std::string_view address, const FindOptions& options) {
    const auto parsed = parse_address(address);
    if (!parsed) return parsed.error();
    return find(*parsed, options);
}

Result<Found> find_slots(const FindOptions& options) { return find(std::nullopt, options); }

}  // namespace mailslot
