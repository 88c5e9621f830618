// Bytes as a series of envelopes, time steps and slots that come, go and refuse. After each batch
// must hold: the bounds on memory, each message at most once, and books that add up.
#include <algorithm>
#include <array>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <map>
#include <set>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/bytes.h"
#include "base/check.h"
#include "base/testing/fake_clock.h"
#include "model/testing/packed_contents.h"
#include "post/post_office.h"
#include "post/testing/one_by_one.h"

namespace {

using namespace mailslot;
using namespace mailslot::post;

constexpr std::uint64_t kMachineId = 1;
constexpr std::array<std::string_view, 3> kKeys = {"A", "B", "C"};
constexpr std::array<std::string_view, 5> kSpellings = {"a", "B", "c", "nobody", "\xff"};
constexpr std::uint64_t kYoung = 4;  // smaller origins are heard from their first moment on

// The test's own knowledge of a sender of a slot.
struct Heard {
    // Bounds of the number of messages sent, as far as the office can know.
    std::uint64_t least = 0, most = 0;
    std::uint64_t told = 0;
    bool is_far = false;  // has numbers that no writer of that age can reach
    std::set<std::uint64_t> delivered;
};

struct Slot {
    std::map<std::uint64_t, Heard> senders;
    bool is_open = false;
    bool is_clear = true;  // no reader vanished in the middle of a batch
};

class Play {
public:
    Play(Bytes bytes)
        : in_(bytes),
          mode_(in_.u8()),
          tight_(mode_ & 1),
          office_(identity(), clock_, test_slots_, limits()) {
        payload_.assign(2048, std::byte{'x'});
        for (std::size_t i = 0; i < kKeys.size(); ++i) open(i);
    }

    void run() {
        while (in_.ok() && in_.left() > 0) step();
        deliver();
        clock_.advance(kFragmentTimeout);
        office_.tick();
        check();
        MAILSLOT_CHECK(office_.counters().half_arrived == 0 &&
                       office_.counters().half_arrived_bytes == 0);
        MAILSLOT_CHECK(!office_.next_tick());
    }

private:
    static Identity identity() { return {kMachineId, "ME", {"LAB"}}; }
    Limits limits() const {
        Limits limits{.senders = 64};
        if (tight_)
            limits = {3, {.bytes = 6000, .bytes_per_sender = 4000, .messages_per_sender = 3}};
        return limits;
    }
    Result<std::size_t> put(std::string_view key, std::span<const Envelope> messages) {
        const auto index = static_cast<std::size_t>(std::ranges::find(kKeys, key) - kKeys.begin());
        MAILSLOT_CHECK(index < kKeys.size() && slots_[index].is_open && !messages.empty());
        Slot& slot = slots_[index];
        const std::uint8_t mood = moods_[++calls_ % moods_.size()];
        if (mood % 8 == 1) return Error{Errc::slot_full, "put"};
        if (mood % 8 == 2) return Error{Errc::message_too_big, "put"};
        if (mood % 8 == 3) return Error{Errc::no_permission, "put"};
        if (mood % 8 == 4) {
            slot.is_clear = false;
            return Error{Errc::no_such_slot, "put"};
        }
        const std::size_t taken = 1 + mood / 8 % messages.size();
        for (const Envelope& message : messages.first(taken)) take(slot, message);
        return taken;
    }
    void take(Slot& slot, const Envelope& message) {
        Heard& heard = slot.senders[message.origin];
        heard.told += message.lost_before;
        const bool is_new = heard.delivered.insert(message.sequence).second;
        MAILSLOT_CHECK(is_new || tight_ || !slot.is_clear);
        MAILSLOT_CHECK(message.kind == Kind::message &&
                       message.payload.size() <= kMaxNetworkMessageBytes);
    }

    void step() {
        const std::uint8_t op = in_.u8();
        switch (op % 16) {
            case 0:
                return deliver();
            case 1:
                return pass_time(std::chrono::milliseconds(in_.u8() * 8));
            case 2:
                return open(in_.u8() % kKeys.size());
            case 3:
                return close(in_.u8() % kKeys.size());
            case 4:
                moods_[op / 16 % moods_.size()] = in_.u8();
                return;
            case 5:
                return odd_envelope();
            case 6:
            case 7:
                return add(envelope(Kind::end));
            case 8:
            case 9:
            case 10:
            case 11:
                return add(fragment(op / 16));
            default:
                return add(envelope(Kind::message));
        }
    }

    Envelope envelope(Kind kind) {
        const std::uint8_t who = in_.u8(), number = in_.u8();
        Envelope envelope{
            .kind = kind, .slot = kSpellings[who / 8 % kSpellings.size()], .origin = who % 8u};
        envelope.sequence =
            number < 250 ? 1u + number % 64u : 1 + (in_.u64be() & ((std::uint64_t{1} << 40) - 1));
        if (envelope.origin >= kYoung) envelope.origin_age_ms = number * 16u;
        if (kind == Kind::message) envelope.payload = Bytes(payload_).first(number);
        return envelope;
    }
    Envelope fragment(unsigned number) {
        constexpr std::array<std::uint16_t, 4> kChunks = {1, 4, 100, 1000};
        Envelope part = envelope(Kind::fragment);
        part.chunk_bytes = kChunks[part.sequence % kChunks.size()];
        part.total_bytes = static_cast<std::uint32_t>(part.chunk_bytes * (1 + part.sequence % 3));
        if (number > 12) part.total_bytes = in_.u32be();
        part.offset = part.chunk_bytes * (number % 3);
        const std::uint32_t left =
            part.total_bytes > part.offset ? part.total_bytes - part.offset : 0;
        part.payload = Bytes(payload_).first(std::min<std::size_t>(left, part.chunk_bytes));
        return part;
    }
    // Puts in an envelope that admission must refuse or survive.
    void odd_envelope() {
        constexpr std::array<std::string_view, 3> kNames = {"", "ME", "OTHER"};
        const std::uint8_t choice = in_.u8();
        Envelope odd = envelope(Kind{in_.u8()});
        odd.scope = Scope{static_cast<std::uint8_t>(choice % 5)};
        odd.to = kNames[choice / 5 % 3];
        odd.delivered_at_home = choice & 128;
        odd.machine_id = choice & 64 ? kMachineId : 0;
        odd.total_bytes = in_.u32be();
        odd.offset = in_.u32be();
        odd.chunk_bytes = in_.u16be();
        odd.sequence = in_.u64be();
        odd.origin = 99;  // the books of this sender are not checked
        batch_.push_back(odd);
    }

    void add(const Envelope& envelope) {
        batch_.push_back(envelope);
        const auto spelled = static_cast<std::size_t>(std::ranges::find(kSpellings, envelope.slot) -
                                                      kSpellings.begin());
        if (spelled >= kKeys.size() || !slots_[spelled].is_open) return;
        if (envelope.kind == Kind::fragment && !is_sound_fragment(envelope)) return;
        Heard& heard = slots_[spelled].senders[envelope.origin];
        const std::uint64_t before = envelope.sequence - 1;
        heard.is_far = heard.is_far || envelope.sequence > kMostMessagesAtOnce;
        heard.least =
            std::max(heard.least, envelope.kind == Kind::message ? envelope.sequence : before);
        heard.most = std::max(heard.most, envelope.kind == Kind::end ? before : envelope.sequence);
    }
    void deliver() {
        if (mode_ & 2) {
            office_.deliver(parcels());
        } else {
            post::deliver_each(office_, batch_);
        }
        batch_.clear();
        check();
    }
    // Joins neighbours in the batch that may share a parcel.
    std::vector<Parcel> parcels() {
        contents_.clear();
        std::vector<Parcel> all;
        std::vector<std::vector<Content>> contents;  // parallel to `all`
        for (const Envelope& envelope : batch_) {
            const Envelope* const before = all.empty() ? nullptr : &all.back().envelope;
            const bool joins = before != nullptr && before->kind == Kind::message &&
                               envelope.kind == Kind::message &&
                               before->origin == envelope.origin && envelope.origin < 8 &&
                               before->slot == envelope.slot &&
                               before->sequence + contents.back().size() == envelope.sequence;
            if (!joins) {
                all.push_back({envelope});
                contents.emplace_back();
            }
            if (envelope.kind == Kind::message) contents.back().push_back({envelope.payload});
        }
        for (std::size_t i = 0; i < all.size(); ++i) {
            if (!contents[i].empty()) all[i].contents = contents_.emplace_back(contents[i]);
        }
        return all;
    }
    void pass_time(std::chrono::milliseconds by) {
        deliver();
        clock_.advance(by);
        office_.tick();
        check();
    }
    void open(std::size_t index) {
        deliver();
        office_.slot_opened(kKeys[index]);
        slots_[index] = {{}, true, true};
    }
    void close(std::size_t index) {
        deliver();
        office_.forget_slot(kKeys[index]);
        slots_[index] = {};
    }

    void check() const {
        const OfficeCounters all = office_.counters();
        MAILSLOT_CHECK(all.senders <= limits().senders);
        MAILSLOT_CHECK(all.half_arrived_bytes <= limits().reassembly.bytes);
        MAILSLOT_CHECK(all.half_arrived <=
                       limits().senders * limits().reassembly.messages_per_sender);
        MAILSLOT_CHECK((all.half_arrived == 0) == !office_.next_tick());
        for (std::size_t i = 0; i < kKeys.size(); ++i) check_slot(i);
    }
    void check_slot(std::size_t index) const {
        const SlotCounters counters = office_.counters(kKeys[index]);
        const std::vector<SenderCounters> senders = post::all_senders(office_, kKeys[index]);
        MAILSLOT_CHECK(counters.senders == senders.size());
        std::uint64_t lost = 0, received = 0, repeats = 0;
        for (const SenderCounters& sender : senders) {
            lost += sender.lost.total();
            received += sender.received;
            repeats += sender.repeats;
            if (sender.origin < 8 && !tight_ && slots_[index].is_clear)
                check_sender(slots_[index], sender);
        }
        if (tight_) return;  // forgotten senders remain in the slot's sums
        MAILSLOT_CHECK(lost == counters.lost.total() && received == counters.received);
        MAILSLOT_CHECK(repeats == counters.repeats);
    }
    static void check_sender(const Slot& slot, const SenderCounters& sender) {
        const Heard& heard = slot.senders.at(sender.origin);
        MAILSLOT_CHECK(sender.received == heard.delivered.size());
        MAILSLOT_CHECK(heard.told + sender.lost_untold ==
                       sender.lost.total() + sender.told_then_arrived);
        if (sender.origin >= kYoung) return;
        MAILSLOT_CHECK(heard.is_far || sender.received + sender.lost.total() >= heard.least);
        MAILSLOT_CHECK(sender.received + sender.lost.total() <= heard.most);
    }

    ByteReader in_;
    std::uint8_t mode_;  // bit 0: tight; bit 1: messages come in parcels
    bool tight_;
    FakeClock clock_;
    std::vector<std::byte> payload_;
    std::array<Slot, kKeys.size()> slots_;
    std::array<std::uint8_t, 4> moods_{};  // answers of the slots, in turn
    std::size_t calls_ = 0;
    std::vector<Envelope> batch_;
    std::deque<PackedContents> contents_;  // contents for parcels()
    TestSlots test_slots_{
        one_by_one([this](std::string_view key, std::span<const Envelope> messages) {
            return put(key, messages);
        })};
    PostOffice office_;
};

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    Play(std::as_bytes(std::span(data, size))).run();
    return 0;
}
