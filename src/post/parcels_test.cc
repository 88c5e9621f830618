// Messages that come in one parcel are treated as if each had come by itself.
#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <array>
#include <deque>
#include <random>
#include <string>
#include <tuple>
#include <vector>

#include "base/testing/fake_clock.h"
#include "model/testing/packed_contents.h"
#include "post/post_office.h"
#include "post/testing/post_office_fixture.h"

namespace mailslot::post {
namespace {

// Parcels, and the memory that they borrow.
class Parcels {
public:
    void add(Envelope first, std::vector<std::string> texts) {
        texts_.push_back(std::move(texts));
        std::vector<Content> contents;
        for (const std::string& text : texts_.back()) {
            contents.push_back({as_bytes(text), first.sent_at_us, Format::text});
        }
        all_.push_back({first, contents_.emplace_back(contents)});
    }
    void add(const Envelope& single) { all_.push_back({single}); }

    std::span<const Parcel> all() const { return all_; }
    std::vector<Envelope> one_by_one() const {
        std::vector<Envelope> messages;
        for (const Parcel& parcel : all_) {
            parcel.for_each([&](const Envelope& message) { messages.push_back(message); });
        }
        return messages;
    }

private:
    std::deque<std::vector<std::string>> texts_;
    std::deque<PackedContents> contents_;
    std::vector<Parcel> all_;
};

std::vector<std::string> texts(std::size_t count, const std::string& text = "hello") {
    return std::vector<std::string>(count, text);
}

class ParcelsTest : public PostOfficeTest {
protected:
    void deliver_parcel(std::uint64_t first, std::size_t count) {
        Parcels parcels;
        parcels.add(message(first), texts(count));
        office_.deliver(parcels.all());
    }
};

TEST_F(ParcelsTest, brings_all_messages_of_a_parcel_with_their_contents) {
    Parcels parcels;
    parcels.add(message(1), {"one", "", "three"});
    office_.deliver(parcels.all());
    ASSERT_EQ(slots_.got.size(), 3u);
    EXPECT_EQ(slots_.got[0], (RecordingSlots::Got{"LOG", "one", "box", 7, 1, 0}));
    EXPECT_EQ(slots_.got[1], (RecordingSlots::Got{"LOG", "", "box", 7, 2, 0}));
    EXPECT_EQ(slots_.got[2], (RecordingSlots::Got{"LOG", "three", "box", 7, 3, 0}));
    EXPECT_EQ(slots_.put_sizes, std::vector<std::size_t>{3});
    EXPECT_EQ(office_.counters().envelopes, 3u);
    EXPECT_EQ(office_.counters().delivered, 3u);
    EXPECT_EQ(only_sender().received, 3u);
}

TEST_F(ParcelsTest, tells_the_losses_before_a_parcel_by_its_first_message) {
    deliver_parcel(3, 3);
    EXPECT_EQ(lost_before(), (Numbers{2, 0, 0}));
    EXPECT_EQ(lost().network_gap, 2u);
}

TEST_F(ParcelsTest, drops_a_parcel_that_came_before_as_so_many_repeats) {
    deliver_parcel(1, 4);
    deliver_parcel(1, 4);
    deliver_parcel(2, 2);
    EXPECT_EQ(sequences(), (Numbers{1, 2, 3, 4}));
    EXPECT_EQ(only_sender().repeats, 6u);
    EXPECT_EQ(office_.counters("LOG").repeats, 6u);
    EXPECT_EQ(office_.counters().repeats, 6u);
}

TEST_F(ParcelsTest, takes_what_is_new_of_a_parcel_of_which_a_part_came_before) {
    deliver({message(2), message(4)});
    deliver_parcel(1, 6);
    EXPECT_EQ(sequences(), (Numbers{2, 4, 1, 3, 5, 6}));
    EXPECT_EQ(only_sender().repeats, 2u);
    EXPECT_EQ(lost().total(), 0u);
}

TEST_F(ParcelsTest, takes_a_late_parcel_back_from_the_lost) {
    deliver_parcel(9, 2);
    deliver_parcel(1, 8);
    EXPECT_EQ(lost().total(), 0u);
    EXPECT_EQ(only_sender().told_then_arrived, 8u);
    EXPECT_EQ(slots_.got.size(), 10u);
}

TEST_F(ParcelsTest, drops_the_parts_of_a_message_that_comes_whole_in_a_parcel) {
    deliver({part(1, "abcd", 0)});
    EXPECT_EQ(office_.counters().half_arrived, 1u);
    deliver_parcel(1, 2);
    EXPECT_EQ(office_.counters().half_arrived, 0u);
    EXPECT_EQ(sequences(), (Numbers{1, 2}));
}

TEST_F(ParcelsTest, tells_the_next_message_of_the_parcel_what_the_slot_refused) {
    slots_.refuse = [](std::uint64_t sequence) -> std::optional<Errc> {
        if (sequence == 2 || sequence == 3 || sequence == 6) return Errc::slot_full;
        return std::nullopt;
    };
    deliver_parcel(1, 6);
    EXPECT_EQ(sequences(), (Numbers{1, 4, 5}));
    EXPECT_EQ(lost_before(), (Numbers{0, 2, 0}));
    EXPECT_EQ(lost().slot_full, 3u);
    EXPECT_EQ(only_sender().lost_untold, 1u);
    EXPECT_EQ(only_sender().received, 3u);
}

TEST_F(ParcelsTest, takes_what_is_sound_of_a_parcel_that_runs_past_the_last_number) {
    deliver_parcel(kMaxSequence - 1, 4);
    EXPECT_EQ(sequences(), (Numbers{kMaxSequence - 1, kMaxSequence}));
    EXPECT_EQ(office_.counters().bad, 2u);
    deliver_parcel(kMaxSequence + 5, 3);
    EXPECT_EQ(office_.counters().bad, 5u);
}

TEST_F(ParcelsTest, counts_every_message_of_a_parcel_that_is_not_for_a_slot_here) {
    Parcels parcels;
    Envelope own = message(1), elsewhere = message(1), nobody = message(1);
    own.delivered_at_home = true;
    own.machine_id = kHome;
    elsewhere.scope = Scope::named;
    elsewhere.to = "OTHER";
    nobody.slot = "nobody";
    const std::string long_host(kMaxHostBytes + 1, 'x');
    Envelope bad = message(1);
    bad.from_host = long_host;
    for (const Envelope& envelope : {own, elsewhere, nobody, bad}) parcels.add(envelope, texts(5));
    office_.deliver(parcels.all());
    const OfficeCounters counters = office_.counters();
    EXPECT_EQ(counters.envelopes, 20u);
    EXPECT_EQ(counters.own, 5u);
    EXPECT_EQ(counters.not_for_us, 5u);
    EXPECT_EQ(counters.no_such_slot, 5u);
    EXPECT_EQ(counters.bad, 5u);
    EXPECT_TRUE(slots_.got.empty());
}

TEST_F(ParcelsTest, counts_the_rest_of_a_parcel_whose_reader_turns_out_to_be_gone) {
    slots_.refuse = [](std::uint64_t sequence) -> std::optional<Errc> {
        return sequence > 2 ? std::optional(Errc::no_such_slot) : std::nullopt;
    };
    deliver_parcel(1, 7);
    EXPECT_EQ(office_.counters().delivered, 2u);
    EXPECT_EQ(office_.counters().no_such_slot, 5u);
    EXPECT_EQ(office_.counters().senders, 0u);
}

// ---- Random parcels

struct Play {
    explicit Play(std::uint64_t seed) : random(seed) {}

    std::size_t below(std::size_t end) { return random() % end; }

    Envelope envelope() {
        constexpr std::array<std::string_view, 3> kSlots = {"log", "LOG", "other"};
        Envelope one;
        one.slot = kSlots[below(20) == 0 ? 2 : below(2)];
        one.from_host = "box";
        one.origin = 1 + below(4);
        one.sequence = 1 + below(spread);
        if (below(200) == 0) one.sequence = kMaxSequence - below(5);
        if (below(50) == 0) one.scope = Scope::named;  // for nobody here
        return one;
    }
    void add(Parcels& parcels) {
        Envelope one = envelope();
        const std::size_t kind = below(16);
        if (kind == 0) {
            one.kind = Kind::end;
        } else if (kind < 4) {
            one = part(one.sequence, "abcdef", static_cast<std::uint32_t>(below(3)), 2, one.origin);
        } else {
            const std::size_t most = below(30) == 0 ? 2000 : 12;
            return parcels.add(one, texts(1 + below(most), "text"));
        }
        parcels.add(one);
    }

    std::mt19937_64 random;
    std::size_t spread = 60;
};

// Batches of a play. The thread sanitizer makes each cost eighty times as much, in code without
// threads.
#ifdef __SANITIZE_THREAD__
constexpr int kBatches = 10;
#else
constexpr int kBatches = 60;
#endif

// An office and everything that can be seen of its work.
struct Seen {
    explicit Seen(std::uint64_t seed, std::size_t senders)
        : random(seed),
          office({1, "ME", {}}, clock, slots,
                 {.senders = senders, .reassembly = {.bytes = 9000, .bytes_per_sender = 5000}}) {
        office.slot_opened("LOG");
        office.slot_opened("OTHER");
        slots.slots.note = [this](auto key, std::uint64_t origin, std::uint64_t next) {
            notes.emplace_back(key, origin, next);
        };
        slots.refuse = [this](std::uint64_t) -> std::optional<Errc> {
            const auto mood = random() % 100;
            if (mood == 0) return Errc::no_such_slot;
            return mood < 10 ? std::optional(Errc::slot_full) : std::nullopt;
        };
    }

    std::mt19937_64 random;
    FakeClock clock;
    RecordingSlots slots;
    PostOffice office;
    std::vector<std::tuple<std::string, std::uint64_t, std::uint64_t>> notes;
};

RC_GTEST_PROP(Parcels, make_no_difference_to_what_arrives_and_what_is_counted, ()) {
    const auto seed = *rc::gen::resize(100, rc::gen::arbitrary<std::uint64_t>());
    const auto senders = *rc::gen::element<std::size_t>(2, 100);
    Play play(seed);
    play.spread = *rc::gen::element<std::size_t>(10, 60, 3000);
    Seen together(seed, senders), single(seed, senders);
    for (int batch = 0; batch < kBatches; ++batch) {
        Parcels parcels;
        for (std::size_t i = play.below(6); i > 0; --i) play.add(parcels);
        together.office.deliver(parcels.all());
        deliver_each(single.office, parcels.one_by_one());
        if (play.below(8) > 0) continue;
        for (Seen* seen : {&together, &single}) {
            seen->clock.advance(400ms);
            seen->office.tick();
        }
    }
    RC_ASSERT(together.slots.got == single.slots.got);
    RC_ASSERT(together.slots.put_sizes == single.slots.put_sizes);
    RC_ASSERT(together.notes == single.notes);
    RC_ASSERT(together.office.counters() == single.office.counters());
    for (const char* key : {"LOG", "OTHER"}) {
        RC_ASSERT(together.office.counters(key) == single.office.counters(key));
        RC_ASSERT(all_senders(together.office, key) == all_senders(single.office, key));
    }
}

}  // namespace
}  // namespace mailslot::post
