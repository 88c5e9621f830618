// Carries messages from the network into the slots of this machine:
// 1. Office::receive runs when a carrier's socket is readable. Reads nothing if another process has
//    taken the office's place (is_replaced). Reads at most 16 batches, so that other events have
//    their turn.
// 2. Carrier::receive reads a batch of datagrams, opens sealed datagrams, and decodes all into
//    parcels. A parcel holds the messages of a datagram: one writer, one slot, numbers in a row.
// 3. PostOffice::deliver (post_office.cc) drops parcels for other machines or for slots that are
//    not open, parcels that a slot does not trust, and repeats. Puts fragments together, counts
//    losses, and keeps messages back that came ahead of their turn.
// 4. PostOffice::flush gives consecutive messages for the same slot to Office::put. If a message
//    reports losses, book_counters first brings the slot's own counters up to date.
// 5. ItemMaker::make (item_maker.h) makes records for the inbox, of at most 256 messages.
// 6. Office::put(Slot&, ...) writes the records into the slot's memory, and waits for the slot's
//    lock as long as patience_with allows. If the memory is damaged or its reader gone, repair
//    attaches again or asks the slot's process to, and the put is tried once more.
// 7. settle_wants wakes the reader if the put could not, and asks for room. ask_when_full asks for
//    room if a slot that drops its oldest is full. PostOffice::flush then counts each message as
//    delivered or lost.
// 8. Gateway::pass_on (gateway.h) passes the batch on to the other carrier, if the settings say so.
// 9. book_counters copies the counters to the slots' memory after the last batch. With more than 64
//    slots, Office::tick does so, at most every 20 ms.
// 10. Office::tick also calls PostOffice::tick, which delivers messages that have waited too long
//     for missing ones, as in stages 4 to 7, and gives up half-arrived messages.

#include "post/office.h"

#include <algorithm>
#include <utility>
#include <vector>

#include "base/saturating.h"
#include "carrier/carriers.h"
#include "inbox/sender_notes.h"
#include "model/host_names.h"
#include "os/network_id.h"
#include "os/shared_memory.h"
#include "post/office_slot.h"
#include "trust/keys.h"
#include "wire/local_message.h"

namespace mailslot::post {
namespace {

using wire::LocalOp;
using namespace std::chrono_literals;

constexpr auto kRetryNetwork = 2s;
constexpr std::size_t kMaxRegistrants = 8192;  // each takes a descriptor
// With many slots, counters are copied to the slots at most this often.
constexpr auto kBookEvery = 20ms;
constexpr std::size_t kManySlots = 64;
constexpr int kReceiveRounds = 16;  // then other events have their turn
// Messages put under a single lock of the slot. A writer on this machine may wait about 20 us for
// the lock.
constexpr std::size_t kItemsAtOnce = 256;
// A stopped or malicious writer may hold a slot's lock, and delivery to all slots waits for it:
// kOfficeLockPatience, then not at all for kNoPatienceFor.
constexpr auto kOfficeLockPatience = 50ms;
constexpr auto kNoPatienceFor = 1s;
constexpr auto kLeastPatience = 1ms;  // a writer that works holds a lock for microseconds
constexpr auto kCountBackedEvery = 10ms;
constexpr auto kUsualPut = 1ms;  // a put that takes longer has waited, or was made to search
// A process that has taken nothing out since it was asked for room is not asked again for this
// time.
constexpr auto kAskAgainAfter = 10s;

bool tells_of_losses(const Parcel& parcel) { return parcel.envelope.lost_before > 0; }

}  // namespace

Identity identity_of(const Settings& settings, std::uint64_t station) {
    Identity identity{station, host_key(settings.host), {}, HostNames(settings)};
    for (const std::string& domain : settings.domains) {
        identity.domain_keys.push_back(host_key(domain));
    }
    return identity;
}

Office::Office(const Settings& settings, const local::SlotFolder& folder, std::uint64_t station,
               const Clock& clock, os::EventLoop& loop, const OfficeRole& role, os::GuardedFd lock)
    : clock_(clock),
      loop_(loop),
      role_(role),
      lock_(std::move(lock)),
      folder_(folder),
      door_(loop, clock, bounds_of_process(kMaxRegistrants),
            [this](int fd) { hear_registrant(fd); }),
      carriers_(make_carriers(settings)),
      network_id_(os::own_network()),
      addresses_(addresses_of_system(clock)),
      post_office_(identity_of(settings, station), clock,
                   [this](std::string_view key, std::span<const Parcel> messages) {
                       return put(key, messages);
                   },
                   {.sender_rate = settings.max_sender_rate, .slot_rate = settings.max_slot_rate}),
      answerer_(
          station, settings.host, clock, random_,
          [this](const std::optional<std::string>& key, Trust asker) {
              return names_of_slots(key, asker);
          },
          [this](const Endpoint& to, const Envelope& answer) {
              const Destination asker{.scope = Scope::direct,
                                      .address = to.address,
                                      .port = to.port,
                                      .source = answer.to_address,
                                      .domain = std::string(answer.domain)};
              (void)main_carrier().send(asker, {&answer, 1});
          }) {
    if (role_.serves_all_users) {
        owners_.emplace(folder, clock);
        guest_sockets_.emplace(folder, random_);
    }
    post_office_.ids().addresses_are_known_by(
        [this](const IpAddress& address) { return addresses_.has(address); });
    if (carriers_.size() > 1) gateway_.emplace(settings, station, *carriers_[0], *carriers_[1]);
    if (settings.answer_queries) {
        post_office_.answer_queries_by([this](const Envelope& query) { answerer_.hear(query); });
    }
    if (settings.keys) {
        post_office_.domains_are_keyed_by([keys = settings.keys](std::string_view domain) {
            return keys->is_in_use() && keys->ring()->find(domain) != nullptr;
        });
    }
    post_office_.note_senders_by(
        [this](std::string_view key, std::uint64_t origin, std::uint64_t next) {
            const auto found = slots_.find(key);
            if (found == slots_.end()) return;
            inbox::note_sender(found->second->writer->sender_notes(), origin, next,
                               clock_.now_through_sleep());
        });
}

Result<std::unique_ptr<Office>> Office::open(const Settings& settings,
                                             const local::SlotFolder& folder, std::uint64_t station,
                                             const Clock& clock, os::EventLoop& loop,
                                             const OfficeRole& role, Estate estate,
                                             Clock::Instant receive_by) {
    std::unique_ptr<Office> office(
        new Office(settings, folder, station, clock, loop, role, std::move(estate.lock)));
    office->receive_by_ = receive_by;  // not before everybody is registered
    // Fails on a full disk: processes of other networks then take the office for theirs, as in a
    // folder of their own.
    (void)office->mark_lock(office->lock_);
    // The network comes first: a process that finds the socket may rely on being heard.
    office->start_network(estate);
    office->adopt(estate);
    if (auto listening = office->listen(); !listening) return listening.error();
    return office;
}

Office::~Office() {
    answerer_.send_all();
    stop_listening();
    for (const auto& carrier : carriers_) {
        if (carrier->poll_fd() >= 0) loop_.remove(carrier->poll_fd());
        // A successor goes on with this carrier's state on the network, such as names.
        if (is_replaced_) (void)carrier->hand_over();
        carrier->stop();
    }
}

void Office::start_network(Estate& estate) {
    const bool tries_again = retry_network_.has_value();
    retry_network_.reset();
    network_error_.reset();
    for (const auto& carrier : carriers_) {
        if (carrier->poll_fd() >= 0) continue;
        const auto started = start(*carrier, estate);
        if (started) continue;
        if (!network_error_) network_error_ = started.error();
        retry_network_ = clock_.now() + kRetryNetwork;
    }
    if (!network_error_) network_error_ = main_carrier().heard_in_part();
    if (tries_again && !retry_network_) lend_anew();
}

Result<void> Office::start(Carrier& carrier, Estate& estate) {
    std::vector<ListeningSocket> its_own;
    for (Estate::Socket& socket : estate.sockets) {
        if (socket.carrier == carrier.traits().name) its_own.push_back(std::move(socket.socket));
    }
    if (auto started = carrier.start_with(std::move(its_own)); !started) return started;
    return receive_by_ ? Result<void>() : begin_to_receive(carrier);
}

void Office::receive(Carrier& carrier) {
    if (is_replaced()) return;
    const auto deliver = [&](std::span<const Parcel> arrived) {
        post_office_.deliver(arrived);
        if (gateway_) gateway_->pass_on(carrier, arrived);
    };
    for (int round = 0; round < kReceiveRounds && carrier.receive(deliver); ++round) {
    }
    if (post_office_.ids().is_contested()) change_machine();
    if (slots_.size() <= kManySlots) {
        book_counters();
    } else if (!book_at_) {
        book_at_ = clock_.now() + kBookEvery;
    }
}

void Office::tick() {
    if (receive_by_ && (clock_.now() >= *receive_by_ || all_are_here())) begin_to_receive();
    const auto due = next_tick();
    if (!due || clock_.now() < *due) return;
    post_office_.tick();
    answerer_.tick();
    door_.tick();
    if (owners_) owners_->tick();
    if (has_lent_slots_) drop_dead_lent_slots();
    if (retry_network_ && clock_.now() >= *retry_network_) {
        Estate nothing;
        start_network(nothing);
    }
    book_counters();
}

std::optional<Clock::Instant> Office::next_tick() const {
    std::optional<Clock::Instant> next = post_office_.next_tick();
    for (const auto& other :
         {retry_network_, book_at_, receive_by_, door_.next_tick(), answerer_.next_tick(),
          owners_ ? owners_->next_tick() : std::nullopt}) {
        if (other && (!next || *other < *next)) next = other;
    }
    return next;
}

// --- Delivering
// ----------------------------------------------------------------------------------------

Result<std::size_t> Office::put(std::string_view key, std::span<const Parcel> messages) {
    const auto found = slots_.find(key);
    if (found == slots_.end()) return Error{Errc::no_such_slot, "deliver"};
    const bool may_put = !is_replaced() || (drains_into_own_ && found->second->registrant == kOwn);
    if (!may_put) return Error{Errc::closed, "deliver"};
    // The losses that a message reports must be in the slot's counters before.
    if (std::ranges::any_of(messages, tells_of_losses)) {
        book_counters(*found->second, found->first);
    }
    return put(*found->second, found->first, item_maker_.make(messages, kItemsAtOnce));
}

Result<std::size_t> Office::put(Slot& slot, const std::string& key,
                                std::span<const inbox::Item> items) {
    const auto is_dead = [](const Result<std::size_t>& taken) {
        return !taken && (taken.error().code == Errc::no_such_slot ||
                          taken.error().code == Errc::bad_segment);
    };
    const auto begun = clock_.now();
    const auto patience = patience_with(slot);
    const auto put_once = [&] {
        slot.writer->set_lock_patience(patience);
        return slot.writer->put(items);
    };
    auto taken = put_once();
    if (is_dead(taken)) {
        repair(slot, key);
        taken = put_once();
    }
    const auto now = clock_.now();
    if (patience > 0ms && !taken && taken.error().code == Errc::timed_out) {
        slot.patient_from = now + kNoPatienceFor;
    }
    if (slot.is_strangers && now - begun > kUsualPut) {
        waits_for(slot).charge(slot.user, now - begun, now);
    }
    settle_wants(slot, key);
    const bool is_full = !taken && taken.error().code == Errc::slot_full;
    if (is_full && slot.writer->drops_oldest()) {
        ask_when_full(slot, key, items[0].front().payload.size());
        if (slot.registrant == kOwn) taken = put_once();
        settle_wants(slot, key);
        const bool is_refused = !taken && taken.error().code == Errc::slot_full;
        if (is_refused) slot.writer->count_refusal(Errc::slot_full);
    }
    if (is_dead(taken)) return Error{Errc::no_such_slot, "deliver"};
    return taken;
}

// Opened slots have an account of their own: anybody may hold their locks, and that must not harm
// their user's other slots.
TimeShares& Office::waits_for(const Slot& slot) {
    return slot.writer->is_opened() ? waits_for_opened_ : waits_for_private_;
}

// Returns how long to wait for the slot's lock. Slots of another user share an account of the
// office's time, and each user that has used it up leaves less to the others.
std::chrono::milliseconds Office::patience_with(const Slot& slot) {
    const auto now = clock_.now();
    if (now < slot.patient_from) return 0ms;
    if (!slot.is_strangers) return kOfficeLockPatience;
    const TimeShares& waits = waits_for(slot);
    const auto shares_used = waits.used_by_all(now) / TimeShares::kShareOfAll;
    if (shares_used > 1 || waits.left_of(slot.user, now).count() == 0) return 0ms;
    if (shares_used == 1) return kLeastPatience;
    return kOfficeLockPatience / static_cast<int>(1 + waits.users_without(now));
}

void Office::settle_wants(Slot& slot, const std::string& key) {
    const std::uint8_t wants = slot.writer->take_wants();
    if ((wants & inbox::InboxWriter::kWantsRing) != 0) {
        if (slot.own.ring) {
            slot.own.ring();
        } else {
            (void)os::send_packet(slot.registrant, wire::encode({.op = LocalOp::ring, .key = key}));
        }
    }
    if ((wants & inbox::InboxWriter::kWantsRoom) != 0) ask_for_room(slot, key, 0);
    if ((wants & inbox::InboxWriter::kWantsMemory) != 0) ask_for_memory(slot, key);
}

// Asks seldom, so that a stopped process does not find its socket full of requests.
void Office::ask_when_full(Slot& slot, const std::string& key, std::size_t bytes) {
    const std::uint64_t consumed =
        slot.writer->header().consumed_count.load(std::memory_order_relaxed);
    const bool has_asked = slot.registrant != kOwn && slot.asked_at_count == consumed;
    if (has_asked && clock_.now() < slot.ask_again_from) return;
    slot.asked_at_count = consumed;
    slot.ask_again_from = clock_.now() + kAskAgainAfter;
    ask_for_room(slot, key, bytes);
}

// Another process makes room when it comes to it. Until then the slot has its reserve.
void Office::ask_for_room(Slot& slot, const std::string& key, std::size_t bytes) {
    if (slot.own.make_room) return slot.own.make_room(bytes);
    const bool is_sent =
        os::send_packet(slot.registrant,
                        wire::encode({.op = LocalOp::make_room,
                                      .key = key,
                                      .number = static_cast<std::uint32_t>(bytes)}))
            .has_value();
    if (!is_sent) slot.writer->want(inbox::InboxWriter::kWantsRoom);
}

// Attaches to the slot's memory again: the reader is closing, or the memory was replaced
// (docs/inbox.md section 7).
void Office::repair(Slot& slot, const std::string& key) {
    if (!slot.own.open) {
        (void)os::send_packet(slot.registrant, wire::encode({.op = LocalOp::reattach, .key = key}));
    } else if (auto writer = slot.own.open()) {
        slot.writer = std::move(writer);
    }
}

// An own slot's reader is this process, whose limit has just refused.
void Office::ask_for_memory(Slot& slot, const std::string& key) {
    if (slot.registrant < 0) return;
    (void)os::send_packet(slot.registrant, wire::encode({.op = LocalOp::back_memory, .key = key}));
}

// Returns the memory of that user's slots. Each call comes before a block is taken, so calls between
// two counts add the block.
std::uint64_t Office::backed_for(std::uint32_t user) {
    const Clock::Instant now = clock_.now();
    std::erase_if(backed_, [now](const auto& each) { return now >= each.second.count_again_from; });
    const auto [found, is_new] = backed_.try_emplace(user);
    BackedBytes& backed = found->second;
    if (is_new) {
        backed.count_again_from = now + kCountBackedEvery;
        for (const auto& [key, slot] : slots_) {
            if (slot->user == user) backed.bytes += os::backed_bytes(slot->writer->memory());
        }
    }
    return std::exchange(backed.bytes, backed.bytes + inbox::kBlockBytes);
}

void Office::book_counters() {
    book_at_.reset();
    for (auto& [key, slot] : slots_) book_counters(*slot, key);
}

// Adds the post office's counts since the last call to the slot's own counters.
void Office::book_counters(Slot& slot, const std::string& key) {
    constexpr auto relaxed = std::memory_order_relaxed;
    const auto add = [](std::atomic<std::uint64_t>& total, std::uint64_t now,
                        std::uint64_t booked) {
        if (now != booked) book(total, now, booked);  // may go down, because losses are taken back
    };
    const SlotCounters now = post_office_.counters(key);
    SlotCounters& booked = slot.booked;
    inbox::Header& header = slot.writer->header();
    add(header.network_gap, now.lost.network_gap, booked.lost.network_gap);
    add(header.kernel_drop, now.lost.kernel_drop, booked.lost.kernel_drop);
    add(header.fragment_timed_out, now.lost.fragment_timed_out, booked.lost.fragment_timed_out);
    // A refusal for want of memory, or because another writer of the slot is stopped, counts as a
    // limit, too.
    add(header.over_limit, sum_of(now.lost.over_limit, now.lost.refused),
        sum_of(booked.lost.over_limit, booked.lost.refused));
    add(header.not_trusted, now.lost.not_trusted, booked.lost.not_trusted);
    add(header.repeats, now.repeats, booked.repeats);
    add(header.senders_forgotten, now.senders_forgotten, booked.senders_forgotten);
    header.senders.store(now.senders, relaxed);
    booked = now;
}

// --- Registration
// --------------------------------------------------------------------------------------

void Office::add_own_slot(const std::string& key, OwnSlot own) {
    auto slot = std::make_unique<Slot>();
    slot->writer = own.open();
    slot->own = std::move(own);
    const Deputies::SlotLender lender = slot->own.lender;
    if (!slot->writer) return;
    enter_slot(key, std::move(slot));
    if (lender.lend) deputies_.lend_slot(key, lender);
}

void Office::remove_own_slot(const std::string& key) {
    deputies_.take_slot_back(key);
    remove_slot(key, kOwn);
}

void Office::enter_slot(const std::string& key, std::unique_ptr<Slot> slot) {
    auto& place = slots_[key];
    if (place == nullptr) {
        open_books(key, *slot);
    } else {
        slot->booked = post_office_.counters(key);  // the reader has kept what was booked
        slot->recalled = place->recalled;
    }
    place = std::move(slot);
    post_office_.slot_requires(key, require_of(*place));
    post_office_.slot_orders(key, place->writer->geometry().limits.order);
    book_counters(*place, key);
}

// Takes the books that our predecessor handed over if they are for this memory, otherwise the notes
// in the memory. Without room for all noted senders, the slot is opened as of now: a sender without
// a note must not be taken for a sender whose every message was lost.
void Office::open_books(const std::string& key, Slot& slot) {
    const auto inherited = inherited_.find(key);
    const bool is_its_own = inherited != inherited_.end() &&
                            inherited->second == os::memory_number(slot.writer->memory());
    if (inherited != inherited_.end()) inherited_.erase(inherited);
    if (is_its_own) {
        slot.booked = post_office_.counters(key);  // booked by our predecessor
        slot.recalled = std::min<std::size_t>(slot.booked.senders, inbox::kSenderNotes);
        return;
    }
    const auto now = clock_.now_through_sleep();
    inbox::SenderNotes& notes = slot.writer->sender_notes();
    std::vector<std::pair<std::uint64_t, std::uint64_t>> noted;
    inbox::read_sender_notes(notes,
                             [&](auto origin, auto next) { noted.emplace_back(origin, next); });
    const bool has_room = has_room_for_recalled(slot, noted.size());
    post_office_.slot_taken_over(key, has_room ? inbox::noted_since(notes, now) : now);
    if (!has_room) return;
    slot.recalled = noted.size();
    for (const auto& [origin, next] : noted) post_office_.recall_sender(key, origin, next);
}

void Office::remove_slot(const std::string& key, int registrant) {
    const auto found = slots_.find(key);
    if (found == slots_.end() || found->second->registrant != registrant) return;
    if (!found->second->entered_for.empty()) {
        folder_.release(SlotName{key, key}, found->second->entered_for);
    }
    slots_.erase(found);
    if (owners_) owners_->forget(key);
    post_office_.forget_slot(key);
}

// All slots here are open to the network, but only to askers that could write to them.
std::vector<std::string> Office::names_of_slots(const std::optional<std::string>& key,
                                                Trust asker) {
    const auto name_of = [this](const std::string& of, Slot& slot) {
        if (slot.name.empty()) {
            const auto entry = folder_.find(of);
            slot.name = entry ? entry->name.text : of;
        }
        return slot.name;
    };
    std::vector<std::string> names;
    if (key) {
        const auto found = slots_.find(*key);
        if (found != slots_.end() && asker >= require_of(*found->second)) {
            names.push_back(name_of(found->first, *found->second));
        }
        return names;
    }
    for (const auto& [of, slot] : slots_) {
        if (asker >= require_of(*slot)) names.push_back(name_of(of, *slot));
    }
    return names;
}

}  // namespace mailslot::post
