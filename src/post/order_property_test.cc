// Several ways lose messages independently, and are up to 19 ms apart. A message that comes by any
// way is delivered once, in order. A message that comes by none is reported by the next message,
// exactly.
#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <algorithm>
#include <deque>
#include <map>
#include <random>
#include <set>
#include <string>
#include <vector>

#include "base/testing/fake_clock.h"
#include "model/testing/packed_contents.h"
#include "post/post_office.h"
#include "post/testing/recording_slots.h"

namespace mailslot::post {
namespace {

using namespace std::chrono_literals;
using std::chrono::microseconds;

constexpr std::uint16_t kChunk = 4;
constexpr microseconds kMostApart = 19ms;

struct Plan {
    std::uint64_t messages = 0;  // for each of two writers
    std::uint32_t ways = 2;
    std::size_t loss_percent = 0, fragment_percent = 0, sealed_percent = 0;
    std::size_t outage_percent = 0;  // share of datagrams at which a way goes down for a while
    std::size_t cluster = 1;         // messages put at the same time
    std::size_t most_in_parcel = 1;
    microseconds pause{};  // between clusters
    bool one_way_dies = false;
};

std::string text_of(std::uint64_t origin, std::uint64_t sequence) {
    return "message " + std::to_string(sequence) + " of " + std::to_string(origin);
}

// A datagram as it was sent.
struct Sent {
    Kind kind = Kind::message;
    std::uint64_t origin = 0, first = 0, count = 1;
    std::uint32_t part = 0;
    microseconds at{};
};

struct Arrival {
    microseconds at{};
    std::uint32_t way = 0;
    std::size_t datagram = 0;
    bool is_copy = false;  // sealed, and another way brought it before
};

class Play {
public:
    Play(const Plan& plan, std::uint64_t seed) : plan_(plan), random_(seed) {
        office_.slot_opened("LOG");
        send_all();
        let_arrive();
        for (const Arrival& arrival : arrivals_) deliver(arrival);
        run_until(last_at() + 2s);
    }

    void check() {
        for (const std::uint64_t origin : {1, 2}) check(origin);
        RC_ASSERT(office_.counters("LOG").received == slots_.got.size());
        RC_ASSERT(office_.counters().half_arrived == 0u);
        RC_ASSERT(!office_.next_tick());
    }

private:
    std::size_t below(std::size_t end) { return random_() % end; }
    bool chance(std::size_t percent) { return below(100) < percent; }
    microseconds last_at() const { return arrivals_.empty() ? 0us : arrivals_.back().at; }

    void send_all() {
        std::uint64_t next = 1;
        for (microseconds at{}; next <= plan_.messages; at += plan_.pause) {
            const std::uint64_t end = std::min(next + plan_.cluster, plan_.messages + 1);
            for (const std::uint64_t origin : {1, 2}) send_cluster(origin, next, end, at);
            next = end;
        }
        for (const std::uint64_t origin : {1, 2}) {
            sent_.push_back({Kind::end, origin, next, 0, 0, sent_.back().at});
        }
    }
    void send_cluster(std::uint64_t origin, std::uint64_t next, std::uint64_t end,
                      microseconds at) {
        while (next < end) {
            if (chance(plan_.fragment_percent)) {
                const std::size_t size = text_of(origin, next).size();
                for (std::uint32_t part = 0; part * kChunk < size; ++part) {
                    sent_.push_back({Kind::fragment, origin, next, 1, part, at});
                }
                ++next;
                continue;
            }
            const std::uint64_t count =
                std::min<std::uint64_t>(1 + below(plan_.most_in_parcel), end - next);
            sent_.push_back({Kind::message, origin, next, count, 0, at});
            next += count;
        }
    }

    // Each way keeps the order. The first way brings every end.
    void let_arrive() {
        for (std::uint32_t way = 1; way <= plan_.ways; ++way) {
            microseconds arrives{};
            std::size_t down_for = 0;
            const std::size_t dies_at =
                plan_.one_way_dies && way == 2 ? below(sent_.size()) : sent_.size();
            for (std::size_t i = 0; i < sent_.size(); ++i) {
                const Sent& sent = sent_[i];
                if (chance(plan_.outage_percent)) down_for = below(12);
                const bool is_safe = sent.kind == Kind::end && way == 1;
                const bool is_down = i >= dies_at || (down_for > 0 && down_for-- > 0);
                if (!is_safe && (is_down || chance(plan_.loss_percent))) continue;
                const microseconds apart(below(static_cast<std::size_t>(kMostApart.count())));
                arrives = std::max(arrives, sent.at + (chance(70) ? apart / 20 : apart));
                arrivals_.push_back({arrives, way, i});
            }
        }
        std::ranges::stable_sort(arrivals_, {}, &Arrival::at);
        std::set<std::size_t> came;
        for (Arrival& arrival : arrivals_) {
            const bool is_again = !came.insert(arrival.datagram).second;
            arrival.is_copy = is_again && arrival.datagram % 100 < plan_.sealed_percent;
        }
        note_what_arrives(came);
    }
    void note_what_arrives(const std::set<std::size_t>& came) {
        std::map<std::pair<std::uint64_t, std::uint64_t>, std::size_t> parts;
        for (const std::size_t i : came) {
            const Sent& sent = sent_[i];
            if (sent.kind == Kind::fragment) ++parts[{sent.origin, sent.first}];
            for (std::uint64_t n = 0; sent.kind == Kind::message && n < sent.count; ++n) {
                complete_[sent.origin].push_back(sent.first + n);
            }
        }
        for (const auto& [of, count] : parts) {
            const std::size_t size = text_of(of.first, of.second).size();
            if (count == (size + kChunk - 1) / kChunk) complete_[of.first].push_back(of.second);
        }
        for (auto& [origin, numbers] : complete_) std::ranges::sort(numbers);
    }

    void run_until(microseconds at) {
        for (auto due = office_.next_tick(); due && *due <= start_ + at;
             due = office_.next_tick()) {
            clock_.advance(std::chrono::ceil<microseconds>(
                std::max(*due - clock_.now(), Clock::Instant::duration{})));
            office_.tick();
        }
        clock_.advance(std::chrono::duration_cast<microseconds>(start_ + at - clock_.now()));
    }
    void deliver(const Arrival& arrival) {
        if (arrival.at > last_) run_until(arrival.at);
        last_ = arrival.at;
        const Sent& sent = sent_[arrival.datagram];
        Envelope envelope{.kind = sent.kind,
                          .slot = "log",
                          .from_host = "box",
                          .origin = sent.origin,
                          .sequence = sent.first};
        envelope.origin_age_ms = static_cast<std::uint32_t>(sent.at / 1ms);
        std::vector<std::string> texts;  // gone when the call has returned
        for (std::uint64_t n = 0; n < sent.count; ++n) {
            texts.push_back(text_of(sent.origin, sent.first + n));
        }
        std::vector<Content> contents;
        for (const std::string& text : texts) contents.push_back({as_bytes(text), 0, {}});
        const PackedContents packed(contents);
        Parcel parcel{envelope, {}, 0, arrival.way};
        if (arrival.is_copy) {
            parcel.envelope.kind = Kind::copy;
            if (sent.kind == Kind::message) parcel.envelope.sequence += sent.count;
        } else if (sent.kind == Kind::message) {
            parcel.contents = packed;
        } else if (sent.kind == Kind::fragment) {
            parcel.envelope.total_bytes = static_cast<std::uint32_t>(texts[0].size());
            parcel.envelope.chunk_bytes = kChunk;
            parcel.envelope.offset = sent.part * kChunk;
            parcel.envelope.payload =
                as_bytes(std::string_view(texts[0]).substr(sent.part * kChunk, kChunk));
        }
        office_.deliver(std::span(&parcel, 1));
    }

    void check(std::uint64_t origin) {
        std::vector<std::uint64_t> numbers;
        std::uint64_t told = 0, last = 0;
        for (const auto& got : slots_.got) {
            if (got.origin != origin) continue;
            numbers.push_back(got.sequence);
            RC_ASSERT(got.text == text_of(origin, got.sequence));
            RC_ASSERT(got.lost_before == got.sequence - last - 1);
            told += got.lost_before;
            last = got.sequence;
        }
        RC_ASSERT(numbers == complete_[origin]);
        for (const SenderCounters& sender : all_senders(office_, "LOG")) {
            if (sender.origin != origin) continue;
            RC_ASSERT(sender.told_then_arrived == 0u);
            RC_ASSERT(sender.received + sender.lost.total() == plan_.messages);
            RC_ASSERT(told + sender.lost_untold == sender.lost.total());
        }
    }

    Plan plan_;
    std::mt19937_64 random_;
    std::vector<Sent> sent_;
    std::vector<Arrival> arrivals_;
    std::map<std::uint64_t, std::vector<std::uint64_t>> complete_;
    FakeClock clock_;
    const Clock::Instant start_ = clock_.now();
    microseconds last_{};
    RecordingSlots slots_;
    PostOffice office_{{}, clock_, slots_};
};

// The thread sanitizer makes each message cost eighty times as much, in code without threads.
#ifdef __SANITIZE_THREAD__
constexpr std::uint64_t kMessages = 60;
#else
constexpr std::uint64_t kMessages = 400;
#endif

RC_GTEST_PROP(OrderOfWays, is_kept_and_losses_are_told_exactly_whatever_each_way_loses, ()) {
    Plan plan;
    plan.messages = *rc::gen::element<std::uint64_t>(1, 3, 20, kMessages);
    plan.ways = *rc::gen::element<std::uint32_t>(1, 2, 4);
    plan.loss_percent = *rc::gen::element<std::size_t>(0, 1, 5, 10, 30);
    plan.fragment_percent = *rc::gen::element<std::size_t>(0, 0, 10, 50);
    plan.sealed_percent = *rc::gen::element<std::size_t>(0, 100);
    plan.outage_percent = *rc::gen::element<std::size_t>(0, 0, 2);
    plan.cluster = *rc::gen::element<std::size_t>(1, 10, 50);
    plan.most_in_parcel = *rc::gen::element<std::size_t>(1, 8);
    plan.pause = *rc::gen::element<microseconds>(100us, 3ms, 30ms, 500ms);
    plan.one_way_dies = *rc::gen::arbitrary<bool>();
    const auto seed = *rc::gen::resize(100, rc::gen::arbitrary<std::uint64_t>());
    RC_LOG() << "seed " << seed;
    Play(plan, seed).check();
}

}  // namespace
}  // namespace mailslot::post
