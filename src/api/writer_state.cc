#include "api/writer_state.h"

#include <algorithm>
#include <chrono>

#include "carrier/carriers.h"
#include "model/own_host.h"
#include "os/network_id.h"

namespace mailslot {
namespace {

using std::chrono::milliseconds;

// Messages passed through the layers together.
constexpr std::size_t kAtOnce = 512;
// Pause between looks for a slot here, for a writer to many: a look costs as much as several
// hundred puts. A slot opened meanwhile gets the copies that come back from the network.
constexpr std::int64_t kLookAgainUs = 50'000;
// Pause between looks at whether an address or a name is this machine's. A look at the system's
// list costs 0.1 ms, and moving an address takes longer than the pause.
constexpr std::int64_t kReachAgainUs = 500'000;

// Returns the number by which this machine's post office recognises copies of its own machine's
// messages, which leave in `network`. Read from the slot's memory, at any time. 0 without a slot
// here.
std::uint64_t machine_number(const local::LocalWriter& here, const NetworkId& network) {
    const auto end = here.end();
    if (!end) return 0;
    const MachineId machine = inbox::read_machine(end->header());
    return may_be_one(machine.network, network) ? machine.number
                                                : number_for_other_networks(machine.number);
}

}  // namespace

os::Deadline deadline_of(Timeout timeout) {
    if (timeout.count() < 0) return std::nullopt;
    return std::chrono::steady_clock::now() + timeout;
}

Result<std::unique_ptr<WriterState>> WriterState::create(const Address& address,
                                                         const WriterOptions& options) {
    const auto process = Process::current();
    if (!process) return process.error();
    if (auto checked = check_place(address); !checked) return checked.error();
    return std::unique_ptr<WriterState>(new WriterState(**process, address, options));
}

WriterState::WriterState(Process& process, const Address& address, const WriterOptions& options)
    : process_(process),
      address_(address),
      options_(options),
      may_move_(address.place == Place::ip || address.place == Place::named),
      origin_(process.random().u64()),
      clock_(process.clock()) {
    take_reach(reach_of(address, process.settings()));
    reach_again_us_ = clock_.unix_microseconds() + kReachAgainUs;
}

void WriterState::take_reach(Reach reach) {
    reach_ = reach;
    local_.reset();
    is_at_home_ = false;
    if (reach_.this_machine) {
        // Datagrams reach this machine's other folders, so only the first folder is
        // written directly.
        auto folders = process_.folders();
        if (reach_.others) folders.erase(folders.begin() + 1, folders.end());
        local_ = std::make_unique<local::LocalWriter>(std::move(folders), address_.slot.key,
                                                      options_.wait_for_others);
    }
    elsewhere_.reset();
    if (!reach_.others) return;
    network_ = os::own_network();
    elsewhere_ = make_writer(needs(address_));
}

WriterNeeds WriterState::needs(const Address& address) const {
    return {.address = address,
            .settings = process_.settings(),
            .clock = process_.clock(),
            .origin = origin_,
            .wait_for_address = options_.wait_for_address,
            .is_to_host = address.place == Place::named && !reach_.this_machine};
}

// Opens the way to slots of this machine in folders of other users, or slots closed to this user.
// Their post office gets the messages by loopback, as if from elsewhere.
bool WriterState::has_way_to_neighbours() {
    if (elsewhere_) return true;
    const Settings& settings = process_.settings();
    network_ = os::own_network();
    own_address_.place = Place::named;
    own_address_.place_text = own_host(settings);
    own_address_.place_key = host_key(own_address_.place_text);
    elsewhere_ = make_writer_to_this_machine(needs(own_address_));
    return elsewhere_ != nullptr;
}

// Notices an address that has moved to this machine or away, or a changed host name. A new way gets
// a new origin, so that no reader counts the earlier numbers as lost.
void WriterState::follow_reach(std::int64_t now_us) {
    const bool is_due = now_us >= reach_again_us_ || now_us < reach_again_us_ - kReachAgainUs;
    if (!is_due) return;
    reach_again_us_ = now_us + kReachAgainUs;
    const Reach reach = reach_of(address_, process_.settings());
    if (reach.this_machine == reach_.this_machine && reach.others == reach_.others) return;
    say_end();
    origin_ = process_.random().u64();
    next_sequence_ = 1;
    take_reach(reach);
}

WriterState::~WriterState() { say_end(); }

void WriterState::say_end() {
    if (!elsewhere_) return;
    elsewhere_->end(next_sequence_);
    process_.departures().add(elsewhere_->departures());
}

Result<void> WriterState::flush(WantOfRoom& want) {
    if (elsewhere_) elsewhere_->flush();
    want.is_network = elsewhere_ && elsewhere_->wants_room();
    if (auto error = take_late_error()) return named(std::move(*error));
    return {};
}

std::optional<Error> WriterState::take_late_error() {
    return elsewhere_ ? elsewhere_->take_late_error() : std::nullopt;
}

Result<void> WriterState::find() {
    if (address_.place != Place::here) return {};
    if (auto attached = local_->attach(); !attached) return named(attached.error());
    return {};
}

bool WriterState::hold(std::string_view message, Form form) {
    if (!elsewhere_ || is_at_home_) return false;
    const std::int64_t now_us = clock_.unix_microseconds();
    // put() looks at the addresses.
    if (may_move_ && now_us >= reach_again_us_) return false;
    // No waiting here: put() does a look that takes time.
    set_interrupted([] { return true; });
    if (const auto home = is_at_home(now_us); !home || *home) return false;
    if (!elsewhere_->hold({next_sequence_, now_us, form, as_bytes(message)})) return false;
    ++next_sequence_;
    return true;
}

Result<std::size_t> WriterState::put(std::span<const std::string_view> messages, Form form,
                                     const Patience& patience, WantOfRoom& want) {
    set_interrupted(patience.interrupted);
    if (want.home_is_stuck) home_is_stuck_ = true;
    std::size_t done = put_rest(messages, form, patience, want);
    while (done < messages.size() && want.rest.messages == 0) {
        // A message that was not sent is not counted here: the caller gets the error from the
        // next put.
        const Refusal refusal =
            done == 0 && !may_wait_for_room(patience) ? Refusal::counted : Refusal::passed_over;
        const auto taken =
            put_some(messages.subspan(done), form, patience, refusal, want, done > 0);
        if (!taken) {
            if (done > 0) break;
            const bool is_final = may_wait_for_room(patience) && address_.place == Place::here &&
                                  taken.error().code == Errc::message_too_big;
            if (is_final && local_->end()) local_->end()->count_refusal(taken.error().code);
            return taken;
        }
        done += *taken;
    }
    return done;
}

Result<std::size_t> WriterState::put_some(std::span<const std::string_view> messages, Form form,
                                          const Patience& patience, Refusal refusal,
                                          WantOfRoom& want, bool continues) {
    if (may_move_ && !continues) follow_reach(clock_.unix_microseconds());
    messages = messages.first(std::min(messages.size(), kAtOnce));
    const bool is_here = address_.place == Place::here;
    const auto taken =
        is_here ? put_here(items_of(messages, form, clock_.unix_microseconds(), next_sequence_),
                           refusal, want)
                : put_elsewhere(messages, form, patience, want, continues);
    if (taken) next_sequence_ += *taken + want.rest.messages;
    if (taken) return taken;
    return named(taken.error());
}

std::span<const inbox::Item> WriterState::items_of(std::span<const std::string_view> messages,
                                                   Form form, std::int64_t now_us,
                                                   std::uint64_t first_sequence) {
    if (items_.size() < messages.size()) items_.resize(messages.size());
    for (std::size_t i = 0; i < messages.size(); ++i) {
        items_[i] = {inbox::RecordKind::local, form, origin_, first_sequence + i, now_us, {},
                     as_bytes(messages[i])};
    }
    return std::span<const inbox::Item>(items_).first(messages.size());
}

// Adds the name of the slot to the error.
Error WriterState::named(Error error) const {
    if (!error.detail.empty()) return error;
    error.detail = address_.place == Place::here ? address_.slot.text : to_string(address_);
    return error;
}

// Puts into a slot of this machine. The writer gets every error.
Result<std::size_t> WriterState::put_here(std::span<const inbox::Item> items, Refusal refusal,
                                          WantOfRoom& want) {
    auto taken = local_->put(items, refusal);
    if (!taken && taken.error().code == Errc::slot_full && !local_->drops_oldest()) {
        want = {local_->end(), items[0].payload.size()};
    }
    return taken;
}

// Returns whether messages to others go into a slot of this machine, too. A slot that was not there
// a moment ago is not looked for again yet. Copies that come back from the network are then not
// marked, so the post office puts them into a slot that was opened meanwhile.
Result<bool> WriterState::is_at_home(std::int64_t now_us) {
    if (!local_) return false;
    const bool may_rest = reach_.others && !is_at_home_ && now_us < look_again_us_ &&
                          now_us >= look_again_us_ - kLookAgainUs;  // the clock was not set back
    if (may_rest) return false;
    const auto attached = local_->attach();
    if (!attached && attached.error().code == Errc::interrupted) return attached.error();
    is_at_home_ = attached.has_value();
    if (!is_at_home_) look_again_us_ = now_us + kLookAgainUs;
    return is_at_home_;
}

// Fire and forget: a message that does not get into the slot here is counted there. Returns how
// many are settled: all, unless the caller has the patience to wait with `want`.
std::size_t WriterState::put_at_home(std::span<const inbox::Item> items, const Patience& patience,
                                     WantOfRoom& want) {
    std::size_t done = 0;
    while (done < items.size()) {
        const bool waits = may_wait_for_room(patience) && !home_is_stuck_;
        WantOfRoom room;
        const auto taken =
            put_here(items.subspan(done), waits ? Refusal::passed_over : Refusal::counted, room);
        if (taken) home_is_stuck_ = false;
        const bool may_wait = room.end && waits;
        const bool is_stopped = !taken && taken.error().code == Errc::interrupted;
        if (may_wait || is_stopped) {
            want.end = std::move(room.end);
            want.payload_bytes = room.payload_bytes;
            return done;
        }
        if (!taken && taken.error().code == Errc::no_such_slot) break;
        // Waiting would not help, for example if the message is larger than the slot takes.
        if (!taken && waits && local_->end()) local_->end()->count_refusal(taken.error().code);
        done += taken ? *taken : 1;
    }
    return items.size();
}

// Puts messages that other machines have got into the slot here. Returns how many are settled.
std::size_t WriterState::put_rest(std::span<const std::string_view> messages, Form form,
                                  const Patience& patience, WantOfRoom& want) {
    Unfinished& rest = want.rest;
    // In a child of fork the rest belongs to the parent's writer.
    const bool is_ours = rest.origin == origin_ && local_ && address_.place != Place::here;
    if (!is_ours) rest = {};
    messages = messages.first(std::min<std::size_t>(messages.size(), rest.messages));
    if (messages.empty()) return 0;
    const auto items = items_of(messages, form, clock_.unix_microseconds(), rest.first_sequence);
    const std::size_t done = put_at_home(items, patience, want);
    rest.first_sequence += done;
    rest.messages = messages.size() - done;
    return done;
}

// Sends to others first, because a wait for room here must not delay them. The slot here gets the
// messages that were sent, and a message that could not be sent.
Result<std::size_t> WriterState::put_elsewhere(std::span<const std::string_view> messages,
                                               Form form, const Patience& patience,
                                               WantOfRoom& want, bool continues) {
    const std::int64_t now_us = clock_.unix_microseconds();
    const auto at_home = is_at_home(now_us);
    if (!at_home) return at_home.error();
    const bool leaves = reach_.others || (!*at_home && has_way_to_neighbours());
    if (leaves) {
        if (auto late = take_late_error()) return std::move(*late);
        const auto fit = elsewhere_->how_many_fit(messages, form);
        if (!fit) return fit.error();
        messages = messages.first(*fit);
    }
    const std::uint64_t first = next_sequence_;
    const auto items =
        *at_home ? items_of(messages, form, now_us, first) : std::span<const inbox::Item>();
    std::size_t sent = messages.size();
    if (leaves) {
        const auto taken = put_to_others(
            {
                .texts = messages,
                .form = form,
                .first_sequence = first,
                .sent_at_us = now_us,
                .machine_id = *at_home ? machine_number(*local_, network_) : 0,
                .delivered_at_home = *at_home,
                .continues = continues,
                .waits = is_patient(patience),
            },
            want);
        if (want.is_network) return taken;  // nothing was done yet
        if (!taken && *at_home) {
            // The error is about the first message. Its number is used up here, since the caller
            // does not try again.
            if (next_sequence_ == first) ++next_sequence_;
            (void)put_at_home(items.first(1), {}, want);
        }
        if (!taken) return taken;
        sent = *taken;
    }
    const std::size_t done = *at_home ? put_at_home(items.first(sent), patience, want) : sent;
    if (leaves && done < sent) elsewhere_->send_held();  // others need not wait for room here
    want.rest = {origin_, first + done, sent - done};
    return done;
}

Result<std::size_t> WriterState::put_to_others(const CarrierWriter::Batch& batch,
                                               WantOfRoom& want) {
    auto taken = elsewhere_->put(batch);
    want.is_network = !taken && elsewhere_->wants_room();
    if (elsewhere_->has_used_next()) next_sequence_ += 1;
    return taken;
}

}  // namespace mailslot
