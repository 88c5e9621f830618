// The books add up, whatever a network does to numbered streams.
#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <algorithm>
#include <map>
#include <random>
#include <set>
#include <string>
#include <vector>

#include "base/testing/fake_clock.h"
#include "post/post_office.h"
#include "post/testing/recording_slots.h"

namespace mailslot::post {
namespace {

using namespace std::chrono_literals;

// The content of a datagram. Owns nothing: payloads are views of `texts` below.
struct Piece {
    Kind kind = Kind::message;
    std::uint64_t origin = 0, sequence = 0;
    std::uint32_t number = 0;
};

struct Plan {
    int writers = 1;
    std::uint64_t messages = 0;  // sent by each writer
    int loss_percent = 0, repeat_percent = 0, refuse_percent = 0, fragment_percent = 0;
    std::size_t reorder_by = 0;  // how many places a datagram may arrive too late
    std::size_t batch = 1;
    bool with_time = false;  // fragments time out on the way
    bool with_little_room = false;
    std::uint32_t ways = 0;  // by which the copies come, at random
};

constexpr std::uint16_t kChunk = 3;

std::string text_of(std::uint64_t origin, std::uint64_t sequence) {
    return "message " + std::to_string(sequence) + " of " + std::to_string(origin);
}

class Network {
public:
    Network(const Plan& plan, std::uint64_t seed) : plan_(plan), random_(seed) {}

    // All that is sent, as it arrives: with losses, copies and reordering.
    std::vector<Piece> arrivals() {
        std::vector<std::pair<std::size_t, Piece>> timed;
        std::size_t time = 0;
        for (const Piece& piece : sent()) {
            ++time;
            int copies = chance(plan_.loss_percent) ? 0 : 1;
            while (chance(plan_.repeat_percent) && copies < 4) ++copies;
            for (; copies > 0; --copies)
                timed.push_back({time + below(plan_.reorder_by + 1), piece});
        }
        std::ranges::stable_sort(timed, {}, [](const auto& entry) { return entry.first; });
        std::vector<Piece> all;
        for (const auto& [when, piece] : timed) all.push_back(piece);
        return all;
    }
    bool chance(int percent) { return below(100) < static_cast<std::size_t>(percent); }
    std::size_t below(std::size_t end) { return random_() % end; }

private:
    std::vector<Piece> sent() {
        std::vector<Piece> all;
        for (std::uint64_t s = 1; s <= plan_.messages; ++s) {
            for (int writer = 1; writer <= plan_.writers; ++writer) send(all, writer, s);
        }
        return all;
    }
    void send(std::vector<Piece>& all, int writer, std::uint64_t sequence) {
        const std::uint64_t origin = static_cast<std::uint64_t>(writer);
        if (!chance(plan_.fragment_percent)) {
            all.push_back({Kind::message, origin, sequence, 0});
            return;
        }
        const std::size_t parts = (text_of(origin, sequence).size() + kChunk - 1) / kChunk;
        for (std::uint32_t n = 0; n < parts; ++n)
            all.push_back({Kind::fragment, origin, sequence, n});
    }

    Plan plan_;
    std::mt19937_64 random_;
};

class Run {
public:
    Run(const Plan& plan, std::uint64_t seed)
        : plan_(plan), network_(plan, seed), office_({}, clock_, slots_, limits(plan)) {
        office_.slot_opened("LOG");
        slots_.refuse = [this](std::uint64_t) -> std::optional<Errc> {
            if (!network_.chance(plan_.refuse_percent)) return std::nullopt;
            return std::array{Errc::slot_full, Errc::message_too_big,
                              Errc::no_permission}[network_.below(3)];
        };
        play();
        finish();
    }

    void check() const {
        const SlotCounters slot = office_.counters("LOG");
        const std::uint64_t sent = plan_.messages * static_cast<std::uint64_t>(plan_.writers);
        RC_ASSERT(slot.received + slot.lost.total() == sent);
        RC_ASSERT(slot.received == slots_.got.size());
        RC_ASSERT(slot.lost == office_.counters().lost);
        RC_ASSERT(office_.counters().half_arrived == 0u);
        RC_ASSERT(office_.counters().half_arrived_bytes == 0u);
        check_messages();
        check_senders(slot);
    }

private:
    static Limits limits(const Plan& plan) {
        Limits limits;
        if (plan.with_little_room)
            limits.reassembly = {.bytes = 9000, .bytes_per_sender = 5000, .messages_per_sender = 3};
        return limits;
    }

    void play() {
        std::vector<Parcel> batch;
        std::uint64_t drops = 0;
        for (const Piece& piece : network_.arrivals()) {
            if (network_.chance(5)) ++drops;
            batch.push_back({envelope(piece), {}, drops, way()});
            if (batch.size() < plan_.batch) continue;
            office_.deliver(batch);
            batch.clear();
            if (plan_.with_time && network_.chance(20)) pass_time(400ms);
            if (plan_.ways > 0 && network_.chance(20)) pass_time(15ms);
        }
        office_.deliver(batch);
    }
    void finish() {
        for (int writer = 1; writer <= plan_.writers; ++writer) {
            const Piece end{Kind::end, static_cast<std::uint64_t>(writer), plan_.messages + 1, 0};
            deliver_each(office_, std::vector(1 + network_.below(2), envelope(end)));
        }
        pass_time(kFragmentTimeout);
    }
    std::uint32_t way() {
        return plan_.ways == 0 ? 0 : 1 + static_cast<std::uint32_t>(network_.below(plan_.ways));
    }
    void pass_time(std::chrono::milliseconds by) {
        clock_.advance(by);
        office_.tick();
    }
    Envelope envelope(const Piece& piece) {
        Envelope envelope{
            .kind = piece.kind, .slot = "log", .origin = piece.origin, .sequence = piece.sequence};
        envelope.origin_age_ms = static_cast<std::uint32_t>((clock_.now() - start_) / 1ms);
        const std::string& text = texts_
                                      .emplace(std::pair(piece.origin, piece.sequence),
                                               text_of(piece.origin, piece.sequence))
                                      .first->second;
        if (piece.kind == Kind::message) envelope.payload = as_bytes(text);
        if (piece.kind == Kind::fragment) {
            envelope.total_bytes = static_cast<std::uint32_t>(text.size());
            envelope.chunk_bytes = kChunk;
            envelope.offset = piece.number * kChunk;
            envelope.payload = as_bytes(std::string_view(text).substr(envelope.offset, kChunk));
        }
        return envelope;
    }

    void check_messages() const {
        std::set<std::pair<std::uint64_t, std::uint64_t>> seen;
        for (const auto& got : slots_.got) {
            RC_ASSERT(seen.emplace(got.origin, got.sequence).second);
            RC_ASSERT(got.text == text_of(got.origin, got.sequence));
        }
    }
    void check_senders(const SlotCounters& slot) const {
        std::map<std::uint64_t, std::uint64_t> told;
        for (const auto& got : slots_.got) told[got.origin] += got.lost_before;
        std::uint64_t received = 0, repeats = 0;
        Losses lost;
        for (const SenderCounters& sender : all_senders(office_, "LOG")) {
            RC_ASSERT(told[sender.origin] + sender.lost_untold ==
                      sender.lost.total() + sender.told_then_arrived);
            RC_ASSERT(sender.received + sender.lost.total() == plan_.messages);
            for (const Loss cause :
                 {&Losses::network_gap, &Losses::kernel_drop, &Losses::fragment_timed_out,
                  &Losses::over_limit, &Losses::slot_full, &Losses::message_too_big}) {
                Losses of_sender = sender.lost;
                lost.*cause += of_sender.*cause;
            }
            received += sender.received;
            repeats += sender.repeats;
        }
        RC_ASSERT(lost == slot.lost);
        RC_ASSERT(received == slot.received);
        RC_ASSERT(repeats == slot.repeats);
    }

    Plan plan_;
    Network network_;
    FakeClock clock_;
    Clock::Instant start_ = clock_.now();
    std::map<std::pair<std::uint64_t, std::uint64_t>, std::string> texts_;
    RecordingSlots slots_;
    PostOffice office_;
};

int percent() { return *rc::gen::element(0, 1, 10, 40, 90); }

RC_GTEST_PROP(Accounting, every_message_sent_is_delivered_once_or_lost_for_one_cause, ()) {
    Plan plan;
    plan.writers = *rc::gen::inRange(1, 4);
    plan.messages = *rc::gen::element<std::uint64_t>(1, 2, 5, 30, 200);
    plan.loss_percent = percent();
    plan.repeat_percent = percent();
    plan.refuse_percent = percent();
    plan.fragment_percent = percent();
    plan.reorder_by = *rc::gen::element<std::size_t>(0, 1, 5, 50);
    plan.batch = *rc::gen::element<std::size_t>(1, 3, 64);
    plan.with_time = *rc::gen::arbitrary<bool>();
    plan.with_little_room = *rc::gen::arbitrary<bool>();
    plan.ways = *rc::gen::element<std::uint32_t>(0, 1, 2, 4, 20);
    const std::uint64_t seed = *rc::gen::resize(100, rc::gen::arbitrary<std::uint64_t>());
    RC_LOG() << "seed " << seed;
    Run(plan, seed).check();
}

// Reordering by more than the window: messages that are too old stay lost, and still nothing is
// counted twice.
RC_GTEST_PROP(Accounting, the_books_add_up_beyond_the_window, ()) {
    Plan plan{.messages = 3 * kRepeatWindow,
              .loss_percent = 5,
              .repeat_percent = 20,
              .refuse_percent = 5};
    plan.fragment_percent = 2;
    plan.reorder_by = 20 * kRepeatWindow;
    plan.batch = 7;
    plan.with_time = *rc::gen::arbitrary<bool>();
    plan.ways = *rc::gen::element<std::uint32_t>(0, 2);
    const std::uint64_t seed = *rc::gen::resize(100, rc::gen::arbitrary<std::uint64_t>());
    RC_LOG() << "seed " << seed;
    Run(plan, seed).check();
}

}  // namespace
}  // namespace mailslot::post
