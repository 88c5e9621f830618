#include "api/writer_state.h"

#include <algorithm>
#include <chrono>

#include "carrier/local/local_carrier.h"
#include "carrier/udp/udp_carrier.h"

namespace mailslot {
namespace {

using std::chrono::milliseconds;

// Messages that go through the layers together.
constexpr std::size_t kAtOnce = 512;
// How long a writer to many takes it that no slot of that name is here, once it has looked: a look
// costs as much as several hundred puts. Meanwhile the slot gets what comes back from the network.
constexpr std::int64_t kLookAgainUs = 50'000;

}  // namespace

os::Deadline deadline_of(Timeout timeout) {
    if (timeout.count() < 0) return std::nullopt;
    return std::chrono::steady_clock::now() + timeout;
}

Result<std::unique_ptr<WriterState>> WriterState::create(const Address& address,
                                                         const WriterOptions& options) {
    const auto process = Process::current();
    if (!process) return process.error();
    return std::unique_ptr<WriterState>(new WriterState(**process, address, options));
}

WriterState::WriterState(Process& process, const Address& address, const WriterOptions& options)
    : process_(process),
      address_(address),
      options_(options),
      reach_(reach_of(address, process.settings())),
      origin_(process.random().u64()),
      clock_(process.clock()) {
    const Settings& settings = process.settings();
    if (reach_.this_machine) {
        // What goes out to the network reaches this machine's other folders that way.
        auto folders = process.folders();
        if (address.place != Place::here) folders.erase(folders.begin() + 1, folders.end());
        local_ = std::make_unique<inbox::LocalWriter>(std::move(folders), address.slot.key,
                                                      options.wait_for_others);
    }
    if (!reach_.others) return;
    if (settings.netbios) {
        classic_ = std::make_unique<ClassicWriter>(address_, origin_, settings, process.clock());
    }
    if (!settings.udp || (classic_ && is_classic_place(address_))) return;
    const bool is_host = address.place == Place::named && !reach_.this_machine;
    remote_ = std::make_unique<RemoteWriter>(
        address_, origin_, options.wait_for_address,
        RemoteWriter::Ports{
            .settings = settings,
            .clock = process.clock(),
            .carrier = make_udp_carrier(settings),
            .make_neighbours = [&settings] { return make_local_carrier(settings); },
            .resolver =
                is_host ? std::make_unique<HostResolver>(settings, process.clock()) : nullptr,
        });
}

WriterState::~WriterState() {
    if (remote_) remote_->end(next_sequence_);
    if (classic_) classic_->finish();
}

Result<void> WriterState::flush() {
    if (remote_) remote_->flush();
    if (classic_) classic_->finish();
    if (auto error = take_late_error()) return named(std::move(*error));
    return {};
}

// What the classic wire could not do beside our own carrier is nobody's error: the machine that was
// meant may be on the other one.
std::optional<Error> WriterState::take_late_error() {
    if (remote_) return remote_->take_late_error();
    return classic_ ? classic_->take_late_error() : std::nullopt;
}

Result<void> WriterState::find() {
    if (address_.place != Place::here) return {};
    if (auto attached = local_->attach(); !attached) return named(attached.error());
    return {};
}

bool WriterState::hold(std::string_view message, Form form) {
    if (!remote_ || classic_ || is_at_home_) return false;
    const std::int64_t now_us = clock_.unix_microseconds();
    // Where that takes a wait, put() does it.
    set_interrupted([] { return true; });
    if (const auto home = is_at_home(now_us); !home || *home) return false;
    if (!remote_->hold({next_sequence_, now_us, form, as_bytes(message)})) return false;
    ++next_sequence_;
    return true;
}

Result<std::size_t> WriterState::put(std::span<const std::string_view> messages, Form form,
                                     const Patience& patience, WantOfRoom& want) {
    set_interrupted(patience.interrupted);
    std::size_t done = put_rest(messages, form, patience, want);
    while (done < messages.size() && want.rest.messages == 0) {
        // What was not said to anybody is not counted: the caller hears of it at the next put.
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

// Says which slot it is about.
Error WriterState::named(Error error) const {
    if (error.detail.empty()) error.detail = address_.slot.text;
    return error;
}

// To a slot of this machine: the writer hears of everything.
Result<std::size_t> WriterState::put_here(std::span<const inbox::Item> items, Refusal refusal,
                                          WantOfRoom& want) {
    auto taken = local_->put(items, refusal);
    if (!taken && taken.error().code == Errc::slot_full && !local_->drops_oldest()) {
        want = {local_->end(), items[0].payload.size()};
    }
    return taken;
}

// Whether what goes elsewhere goes into a slot of this machine too. Where there was none a moment
// ago it is not looked for: what then comes back from the network is not marked, so that the post
// office puts it into one that was opened meanwhile.
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

// Fire and forget: whatever keeps a message out of the slot here is counted there. How many are
// settled; all, but where the caller has the patience to wait with `want`.
std::size_t WriterState::put_at_home(std::span<const inbox::Item> items, const Patience& patience,
                                     WantOfRoom& want) {
    std::size_t done = 0;
    while (done < items.size()) {
        const Refusal refusal =
            may_wait_for_room(patience) ? Refusal::passed_over : Refusal::counted;
        WantOfRoom room;
        const auto taken = put_here(items.subspan(done), refusal, room);
        const bool may_wait = room.end && is_patient(patience);
        const bool is_stopped = !taken && taken.error().code == Errc::interrupted;
        if (may_wait || is_stopped) {
            want.end = std::move(room.end);
            want.payload_bytes = room.payload_bytes;
            return done;
        }
        if (!taken && taken.error().code == Errc::no_such_slot) break;
        done += taken ? *taken : 1;
    }
    return items.size();
}

// The messages that have gone to other machines, into the slot here: how many that settles.
std::size_t WriterState::put_rest(std::span<const std::string_view> messages, Form form,
                                  const Patience& patience, WantOfRoom& want) {
    Unfinished& rest = want.rest;
    // A child of fork is another writer: these were its parent's.
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

Result<std::size_t> WriterState::put_elsewhere(std::span<const std::string_view> messages,
                                               Form form, const Patience& patience,
                                               WantOfRoom& want, bool continues) {
    if (reach_.others) {
        if (auto late = take_late_error()) return std::move(*late);
        const auto fit = how_many_fit(messages, form);
        if (!fit) return fit.error();
        messages = messages.first(*fit);
    }
    const std::int64_t now_us = clock_.unix_microseconds();
    const auto at_home = is_at_home(now_us);
    if (!at_home) return at_home.error();
    std::size_t done = messages.size();
    const auto items = items_of(messages, form, now_us, next_sequence_);
    if (*at_home) done = put_at_home(items, patience, want);
    std::size_t sent = messages.size();
    if (reach_.others) {
        const auto taken = put_to_others(batch_of(messages, form, now_us, *at_home, continues));
        // An error is about the first; what the slot here lacks is counted, for nobody comes again.
        if (!taken) (void)put_at_home(items.subspan(done), {}, want);
        if (!taken) return taken;
        sent = *taken;
        // Others need not wait for room here.
        if (remote_ && done < sent) remote_->flush();
    }
    done = std::min(done, sent);
    want.rest = {origin_, next_sequence_ + done, sent - done};
    return done;
}

RemoteWriter::Batch WriterState::batch_of(std::span<const std::string_view> messages, Form form,
                                          std::int64_t now_us, bool at_home, bool continues) {
    // The post office here must know its own machine's copies; where a slot is there is a number.
    if (at_home && station_ == 0) {
        const inbox::SlotFolder folder(process_.settings().dir);
        station_ = folder.station_id(process_.random()).value_or(0);
    }
    return {
        .texts = messages,
        .form = form,
        .first_sequence = next_sequence_,
        .sent_at_us = now_us,
        .station = station_,
        .delivered_at_home = at_home,
        .continues = continues,
    };
}

// From the first one on; not none. Errors: message_too_big, bad_name, bad_config.
Result<std::size_t> WriterState::how_many_fit(std::span<const std::string_view> messages,
                                              Form form) {
    if (!remote_) return classic_->how_many_fit(messages, form);
    const std::size_t limit = remote_->max_message_bytes();
    const auto too_big = std::ranges::find_if(
        messages, [limit](std::string_view message) { return message.size() > limit; });
    if (too_big != messages.begin()) return static_cast<std::size_t>(too_big - messages.begin());
    return Error{Errc::message_too_big, "put", 0,
                 "the network takes at most " + std::to_string(limit) + " bytes"};
}

Result<std::size_t> WriterState::put_to_others(RemoteWriter::Batch batch) {
    if (!remote_) return classic_->put(batch);
    auto taken = remote_->put(batch);
    if (taken && classic_) {
        batch.texts = batch.texts.first(*taken);
        classic_->put_too(batch);
    }
    // Its number must never name another message.
    const bool may_have_left = !taken && taken.error().code != Errc::message_too_big;
    if (may_have_left || (taken && remote_->is_half_sent())) next_sequence_ += 1;
    return taken;
}

}  // namespace mailslot
