#include "office/registry.h"

#include <algorithm>
#include <utility>

#include "inbox/sender_notes.h"
#include "model/fold.h"
#include "os/descriptors.h"
#include "os/local_socket.h"
#include "os/shared_memory.h"
#include "os/user.h"

namespace mailslot::office {
namespace {

using namespace std::chrono_literals;

constexpr auto kCountBackedEvery = 10ms;
// Bounds, so that no user can use everything up.
// Each slot of another user takes a descriptor and up to three mappings; a process may have 65530
// mappings.
constexpr std::size_t kMostSlotsOfUser = 4096;
constexpr std::size_t kMostSlotsOfStrangers = 16384;
// Headers and block states of a user's slots, and of all other users' slots, take at most these parts
// of a memory limit: docs/memory.md.
constexpr std::uint64_t kSharesOfLimitForLooks = 16, kSharesOfLimitForAllLooks = 4;
// Senders that slots of other users may bring into the books by their notes: of the places for all
// senders, an eighth a user, and three eighths for all such users.
constexpr std::size_t kMostRecalledOfUser = kMaxSenders / 8;
constexpr std::size_t kMostRecalledOfStrangers = kMaxSenders / 8 * 3;
// Memory to map: a process may map 128 TiB, and a slot has at most 1 TiB of messages.
constexpr std::size_t kMostMappedOfUser = std::size_t{8} << 40;
constexpr std::size_t kMostMapped = std::size_t{64} << 40;

// Memory that this process takes when it looks into a slot.
std::size_t looked_at(const inbox::Geometry& of) { return inbox::kHeaderBytes + of.block_count; }

}  // namespace

Registry::Registry(const local::SlotFolder& folder, const Clock& clock, Random& random,
                   post::PostOffice& rules, bool serves_all_users)
    : folder_(folder), clock_(clock), rules_(rules) {
    if (!serves_all_users) return;
    owners_.emplace(folder, clock);
    guest_sockets_.emplace(folder, random);
}

RegisteredSlot* Registry::find(std::string_view key) const {
    const auto found = slots_.find(key);
    return found != slots_.end() ? found->second.get() : nullptr;
}

// --- Registering
// ---------------------------------------------------------------------------------------

Result<void> Registry::add(os::Handle connection, std::uint32_t user,
                           const wire::LocalMessage& request, std::vector<os::UniqueFd>& fds) {
    const std::string& key = request.key;
    if (auto sound = check_pass(fds, request.number); !sound) return sound;
    if (auto free = check_name(connection, user, key, fds[0]); !free) return free;
    const RegisteredSlot* const earlier = find(key);
    const bool replaces =
        earlier != nullptr && earlier->registrant != connection && !is_lent_here(*earlier, fds[0]);
    auto writer = attach_slot(fds, request.number, os::shares_events(connection));
    if (!writer) return writer.error();
    if (!has_room_for(key, user, (*writer)->geometry())) {
        return Error{Errc::no_resources, "register"};
    }
    auto entered = enter_name(connection, request);
    if (!entered) return Error{entered.error().code, "register"};
    if (replaces) {
        find(key)->entered_for.clear();  // the entry belongs to the new slot
        remove(key, earlier->registrant);
    }
    auto slot = std::make_unique<RegisteredSlot>();
    slot->writer = std::move(*writer);
    slot->registrant = connection;
    slot->user = user;
    slot->is_strangers = !os::is_own_user_or_root(user);
    slot->entered_for = std::move(*entered);
    if (slot->is_strangers) slot->writer->share_memory([this, user] { return backed_for(user); });
    enter(key, std::move(slot));
    if (owners_) owners_->note(key, user);
    return {};
}

// Returns no error if the name is free, is that process's, or belongs to a process that is gone.
Result<void> Registry::check_name(os::Handle connection, std::uint32_t user, const std::string& key,
                                  const os::UniqueFd& memory) const {
    if (owners_ && !owners_->may_have(key, user)) {
        return Error{Errc::slot_exists, "register", 0,
                     "the slot belonged to another user's process when the post office ended; "
                     "that process may return within 10 s"};
    }
    const RegisteredSlot* const there = find(key);
    if (there == nullptr || there->registrant == connection || is_lent_here(*there, memory) ||
        there->writer->reader_is_gone()) {
        return {};
    }
    return Error{Errc::slot_exists, "register", 0,
                 there->user != user ? "the slot belongs to another user" : ""};
}

// Returns true if the slot was lent and `memory` is its memory. The slot's process goes on, so the
// slot's books stay.
bool Registry::is_lent_here(const RegisteredSlot& slot, const os::UniqueFd& memory) const {
    return slot.registrant == kLent &&
           os::memory_number(slot.writer->memory()) == os::memory_number(memory);
}

bool Registry::has_room_for(const std::string& key, std::uint32_t user,
                            const inbox::Geometry& geometry) {
    if (os::is_own_user_or_root(user)) return true;
    std::size_t slots = 0, slots_in_all = 0, of_user = 0, in_all = 0, looks = looked_at(geometry);
    std::size_t all_looks = looks;
    for (const auto& [other, slot] : slots_) {
        if (slot->registrant == kOwn || other == key) continue;
        const inbox::Geometry& its = slot->writer->geometry();
        in_all += its.segment_bytes();
        if (slot->is_strangers) ++slots_in_all;
        if (slot->is_strangers) all_looks += looked_at(its);
        if (slot->user != user) continue;
        of_user += its.segment_bytes();
        looks += looked_at(its);
        ++slots;
    }
    const std::size_t descriptors = os::most_descriptors(), bytes = geometry.segment_bytes();
    const auto limited = memory_limit_.room();
    return slots < std::min(kMostSlotsOfUser, descriptors / 8) &&
           slots_in_all < std::min(kMostSlotsOfStrangers, descriptors / 8 * 3) &&
           bytes <= kMostMappedOfUser - std::min(of_user, kMostMappedOfUser) &&
           bytes <= kMostMapped - std::min(in_all, kMostMapped) &&
           (!limited || (looks <= limited->limit / kSharesOfLimitForLooks &&
                         all_looks <= limited->limit / kSharesOfLimitForAllLooks));
}

// Enters the slot for a process that may not write to the slot folder. `detail` has the process's
// socket, a slash, and the name as the process wrote it. The socket must be made by us for this
// process. Returns the socket's path, or an empty text if the process enters the slot itself.
Result<std::string> Registry::enter_name(os::Handle connection, const wire::LocalMessage& request) {
    if (request.detail.empty()) return std::string();
    const auto slash = request.detail.find('/');
    const std::string socket = request.detail.substr(0, slash);
    const std::string text =
        slash != std::string::npos ? request.detail.substr(slash + 1) : std::string();
    std::string path = folder_.reader_socket_path(socket);
    const bool is_its_own = guest_sockets_ && guest_sockets_->is_of(connection, socket);
    if (!is_its_own || fold(text) != request.key) {
        return Error{Errc::no_permission, "enter slot"};
    }
    const auto entry = folder_.find(request.key);
    const bool is_there = entry && entry->socket_path == path;
    if (!is_there) {
        auto claimed = folder_.claim(SlotName{text, request.key}, path);
        if (!claimed) return claimed.error();
    }
    return path;
}

bool Registry::add_own(const std::string& key, OwnSlot own) {
    auto slot = std::make_unique<RegisteredSlot>();
    slot->writer = own.open();
    if (!slot->writer) return false;
    slot->own = std::move(own);
    enter(key, std::move(slot));
    return true;
}

void Registry::add_lent(const std::string& key, std::unique_ptr<inbox::InboxWriter> writer) {
    if (slots_.contains(key)) return;
    auto slot = std::make_unique<RegisteredSlot>();
    slot->writer = std::move(writer);
    slot->registrant = kLent;
    slot->user = os::this_user();
    enter(key, std::move(slot));
    has_lent_slots_ = true;
}

void Registry::enter(const std::string& key, std::unique_ptr<RegisteredSlot> slot) {
    auto& place = slots_[key];
    if (place == nullptr) {
        open_books(key, *slot);
    } else {
        slot->booked = rules_.counters(key);  // the reader has kept what was booked
        slot->recalled = place->recalled;
    }
    place = std::move(slot);
    rules_.slot_requires(key, place->require());
    rules_.slot_orders(key, place->writer->geometry().limits.order);
    place->book(rules_.counters(key));
}

// Takes the books that our predecessor handed over if they are for this memory, otherwise the notes
// in the memory. Without room for all noted senders, the slot is opened as of now: a sender without
// a note must not be taken for a sender whose every message was lost.
void Registry::open_books(const std::string& key, RegisteredSlot& slot) {
    const auto expected = expected_.find(key);
    const bool is_its_own =
        expected != expected_.end() && expected->second == os::memory_number(slot.writer->memory());
    if (expected != expected_.end()) expected_.erase(expected);
    if (is_its_own) {
        slot.booked = rules_.counters(key);  // booked by our predecessor
        slot.recalled = std::min<std::size_t>(slot.booked.senders, inbox::kSenderNotes);
        return;
    }
    inbox::SenderNotes& notes = slot.writer->sender_notes();
    std::vector<std::pair<std::uint64_t, std::uint64_t>> noted;
    inbox::read_sender_notes(notes,
                             [&](auto origin, auto next) { noted.emplace_back(origin, next); });
    const auto now = clock_.now_through_sleep();
    const bool has_room = has_room_for_recalled(slot, noted.size());
    rules_.slot_taken_over(key, has_room ? inbox::noted_since(notes, now) : now);
    if (!has_room) return;
    slot.recalled = noted.size();
    for (const auto& [origin, next] : noted) rules_.recall_sender(key, origin, next);
}

// Notes of other users' slots may be forged, and each costs a place in the books.
bool Registry::has_room_for_recalled(const RegisteredSlot& slot, std::size_t senders) const {
    if (!slot.is_strangers) return true;
    std::size_t of_user = senders, of_strangers = senders;
    for (const auto& [key, other] : slots_) {
        if (other == nullptr || !other->is_strangers) continue;
        of_strangers += other->recalled;
        if (other->user == slot.user) of_user += other->recalled;
    }
    return of_user <= kMostRecalledOfUser && of_strangers <= kMostRecalledOfStrangers;
}

void Registry::give_up_expected() {
    for (const auto& [key, memory] : expected_) rules_.forget_slot(key);
    expected_.clear();
}

// --- Leaving
// -------------------------------------------------------------------------------------------

void Registry::remove(const std::string& key, os::Handle registrant) {
    const auto found = slots_.find(key);
    if (found == slots_.end() || found->second->registrant != registrant) return;
    if (!found->second->entered_for.empty()) {
        folder_.release(SlotName{key, key}, found->second->entered_for);
    }
    slots_.erase(found);
    if (owners_) owners_->forget(key);
    rules_.forget_slot(key);
}

void Registry::remove_all_of(os::Handle registrant) {
    std::vector<std::string> keys;
    for (const auto& [key, slot] : slots_) {
        if (slot->registrant == registrant) keys.push_back(key);
    }
    for (const std::string& key : keys) remove(key, registrant);
    if (guest_sockets_) guest_sockets_->remove_of(registrant);
}

// Removes lent slots whose processes were killed while they stood still.
void Registry::drop_dead_lent_slots() {
    std::vector<std::string> dead;
    has_lent_slots_ = false;
    for (const auto& [key, slot] : slots_) {
        if (slot->registrant != kLent) continue;
        has_lent_slots_ = true;
        if (slot->writer->reader_is_gone()) dead.push_back(key);
    }
    for (const std::string& key : dead) remove(key, kLent);
}

// --- Questions
// -----------------------------------------------------------------------------------------

Result<GuestSockets::Made> Registry::make_socket(os::Handle connection, std::uint32_t user,
                                                 std::string_view earlier) {
    return guest_sockets_->make(connection, user, earlier);
}

std::uint64_t Registry::memory_of(std::string_view key) const {
    if (const RegisteredSlot* slot = find(key)) return os::memory_number(slot->writer->memory());
    const auto expected = expected_.find(key);
    return expected != expected_.end() ? expected->second : 0;
}

// Returns the memory of that user's slots. Each call comes before a block is taken, so calls between
// two counts add the block.
std::uint64_t Registry::backed_for(std::uint32_t user) {
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

const std::string& Registry::name_of(const std::string& key, RegisteredSlot& slot) const {
    if (slot.name.empty()) {
        const auto entry = folder_.find(key);
        slot.name = entry ? entry->name.text : key;
    }
    return slot.name;
}

// All slots here are open to the network, but only to askers that could write to them.
std::vector<std::string> Registry::names(const std::optional<std::string>& key, Trust asker) {
    std::vector<std::string> names;
    if (key) {
        RegisteredSlot* const slot = find(*key);
        if (slot != nullptr && asker >= slot->require()) names.push_back(name_of(*key, *slot));
        return names;
    }
    for (const auto& [of, slot] : slots_) {
        if (asker >= slot->require()) names.push_back(name_of(of, *slot));
    }
    return names;
}

void Registry::tick() {
    if (owners_) owners_->tick();
    if (has_lent_slots_) drop_dead_lent_slots();
}

std::optional<Clock::Instant> Registry::next_tick() const {
    return owners_ ? owners_->next_tick() : std::nullopt;
}

}  // namespace mailslot::office
