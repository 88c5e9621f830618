// Order in which the post office delivers a sender's messages that come by several ways, and when a
// missing message counts as lost.
#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "model/testing/packed_contents.h"
#include "post/testing/post_office_fixture.h"

namespace mailslot::post {
namespace {

constexpr std::uint32_t kFour = 41, kSix = 61;

Parcel by(std::uint32_t way, const Envelope& envelope, std::uint64_t drops = 0) {
    return {envelope, {}, drops, way};
}

Envelope copy_up_to(std::uint64_t next) {
    Envelope copy = message(next);
    copy.kind = Kind::copy;
    return copy;
}

class Order : public PostOfficeTest {
protected:
    // From now on the office knows the sender's ways, and has the sender's messages up to 50.
    void know(const std::vector<std::uint32_t>& ways) {
        for (std::uint64_t number = 1; number <= 50; ++number) {
            for (const std::uint32_t way : ways) get({by(way, message(number))});
        }
        for (std::uint32_t i = 0; i < kParcelsToKnowWays; ++i) get({by(ways[0], message(50))});
        clock_.advance(kOrderPatience);
        slots_.got.clear();
    }
    void get(const std::vector<Parcel>& parcels) { office_.deliver(parcels); }
    void pass(std::chrono::milliseconds time) {
        clock_.advance(time);
        office_.tick();
    }
    std::uint64_t told() const {
        std::uint64_t sum = 0;
        for (const std::uint64_t lost : lost_before()) sum += lost;
        return sum;
    }
};

TEST_F(Order, brings_a_lone_message_at_once) {
    get({by(kFour, message(1))});
    EXPECT_EQ(sequences(), Numbers{1});
    EXPECT_FALSE(office_.next_tick());
    know({kFour, kSix});
    get({by(kSix, message(51))});
    EXPECT_EQ(sequences(), Numbers{51});
    EXPECT_FALSE(office_.next_tick());
}

TEST_F(Order, puts_what_comes_by_the_other_way_in_its_place) {
    know({kFour, kSix});
    get({by(kFour, message(52)), by(kFour, message(54))});
    EXPECT_EQ(sequences(), Numbers{});
    EXPECT_EQ(lost().total(), 0u);
    get({by(kSix, message(51)), by(kSix, message(52)), by(kSix, message(53))});
    EXPECT_EQ(sequences(), (Numbers{51, 52, 53, 54}));
    EXPECT_EQ(told(), 0u);
    EXPECT_EQ(only_sender().repeats, 50u + kParcelsToKnowWays + 1);
    EXPECT_FALSE(office_.next_tick());
}

TEST_F(Order, tells_a_loss_as_soon_as_each_way_has_passed_it) {
    know({kFour, kSix});
    get({by(kFour, message(53))});
    EXPECT_EQ(sequences(), Numbers{});
    get({by(kSix, message(51)), by(kSix, message(54))});
    EXPECT_EQ(sequences(), (Numbers{51, 53, 54}));
    EXPECT_EQ(lost_before(), (Numbers{0, 1, 0}));
    EXPECT_EQ(lost().network_gap, 1u);
}

TEST_F(Order, tells_a_loss_after_20_ms) {
    know({kFour, kSix});
    get({by(kFour, message(52))});
    EXPECT_EQ(office_.next_tick(), clock_.now() + 20ms);
    pass(19ms);
    EXPECT_EQ(sequences(), Numbers{});
    pass(1ms);
    EXPECT_EQ(sequences(), Numbers{52});
    EXPECT_EQ(lost_before(), Numbers{1});
    get({by(kSix, message(51))});  // too late for its place
    EXPECT_EQ(sequences(), (Numbers{52, 51}));
    EXPECT_EQ(only_sender().told_then_arrived, 1u);
    EXPECT_EQ(lost().total(), 0u);
}

TEST_F(Order, counts_the_20_ms_from_the_first_word_after_the_gap) {
    know({kFour, kSix});
    get({by(kFour, message(60))});
    clock_.advance(15ms);
    get({by(kSix, message(55))});  // the gap below was known when 60 came
    pass(5ms);
    EXPECT_EQ(sequences(), (Numbers{55, 60}));
    EXPECT_EQ(lost_before(), (Numbers{4, 4}));
}

TEST_F(Order, waits_for_nobody_where_one_way_is_all_there_is) {
    know({kFour});
    get({by(kFour, message(53))});
    EXPECT_EQ(sequences(), Numbers{53});
    EXPECT_EQ(lost_before(), Numbers{2});
}

TEST_F(Order, waits_for_further_ways_of_a_sender_that_it_does_not_know_yet) {
    get({by(kFour, message(1)), by(kFour, message(3))});
    EXPECT_EQ(sequences(), Numbers{1});
    get({by(kSix, message(2))});
    EXPECT_EQ(sequences(), (Numbers{1, 2, 3}));
    EXPECT_EQ(told(), 0u);
}

TEST_F(Order, waits_for_each_interface_of_each_family) {
    know({1, 2, 3, 4});
    get({by(1, message(52)), by(2, message(52)), by(3, message(52))});
    EXPECT_EQ(sequences(), Numbers{});
    get({by(4, message(51))});
    EXPECT_EQ(sequences(), (Numbers{51, 52}));
    get({by(1, message(54)), by(2, message(54)), by(3, message(54)), by(4, message(54))});
    EXPECT_EQ(lost_before(), (Numbers{0, 0, 1}));
}

TEST_F(Order, waits_no_more_for_a_way_that_has_gone_until_it_is_back) {
    know({kFour, kSix});
    std::uint64_t number = 51;
    for (std::uint32_t i = 0; i < kMostWaitsInVain; ++i) {
        get({by(kFour, message(number += 2))});
        EXPECT_TRUE(office_.next_tick());
        pass(kOrderPatience);
    }
    EXPECT_EQ(slots_.got.size(), kMostWaitsInVain);
    get({by(kFour, message(number += 2))});
    EXPECT_EQ(sequences().back(), number);
    get({by(kSix, message(number)), by(kFour, message(number + 2))});
    EXPECT_TRUE(office_.next_tick());
    get({by(kSix, message(number + 1))});
    EXPECT_EQ(sequences().back(), number + 2);
    EXPECT_EQ(only_sender().told_then_arrived, 0u);
}

TEST_F(Order, keeps_the_end_by_one_way_from_the_messages_by_the_other) {
    know({kFour, kSix});
    get({by(kFour, end(54))});
    get({by(kSix, message(51)), by(kSix, message(52)), by(kSix, message(53)), by(kSix, end(54))});
    EXPECT_EQ(sequences(), (Numbers{51, 52, 53}));
    EXPECT_EQ(lost().total(), 0u);
    get({by(kFour, end(57))});
    EXPECT_EQ(lost().total(), 0u);
    get({by(kSix, end(57))});
    EXPECT_EQ(lost().network_gap, 3u);
    EXPECT_EQ(only_sender().lost_untold, 3u);
}

TEST_F(Order, counts_what_the_end_leaves_out_after_20_ms) {
    know({kFour, kSix});
    get({by(kFour, end(54))});
    pass(kOrderPatience);
    EXPECT_EQ(lost().network_gap, 3u);
    EXPECT_FALSE(office_.next_tick());
}

TEST_F(Order, puts_parts_of_both_ways_together_in_their_place) {
    know({kFour, kSix});
    get({by(kFour, part(51, "abcd", 0)), by(kFour, message(52))});
    EXPECT_EQ(sequences(), Numbers{});
    get({by(kSix, part(51, "abcd", 1))});
    EXPECT_EQ(sequences(), (Numbers{51, 52}));
    EXPECT_EQ(slots_.got[0].text, "abcd");
    EXPECT_EQ(told(), 0u);
}

TEST_F(Order, keeps_a_message_that_is_complete_ahead_of_its_turn) {
    know({kFour, kSix});
    get({by(kFour, part(52, "abcd", 0)), by(kFour, part(52, "abcd", 1))});
    get({by(kFour, part(54, "efgh", 0)), by(kFour, part(54, "efgh", 1))});
    get({by(kFour, part(52, "abcd", 1))});
    EXPECT_EQ(sequences(), Numbers{});
    EXPECT_EQ(office_.counters().half_arrived, 0u);
    EXPECT_EQ(office_.counters().fragment_repeats, 1u);
    get({by(kSix, message(51)), by(kSix, message(53))});
    EXPECT_EQ(sequences(), (Numbers{51, 52, 53, 54}));
    EXPECT_EQ(slots_.got[1].text, "abcd");
    EXPECT_EQ(slots_.got[3].text, "efgh");
    EXPECT_EQ(lost().total(), 0u);
}

TEST_F(Order, counts_what_is_half_here_ahead_of_its_turn_and_had_to_make_room) {
    know({kFour, kSix});
    for (std::uint64_t s = 52; s <= 57; ++s) get({by(kFour, part(s, "abcd", 0))});  // 4 may wait
    EXPECT_EQ(lost(), (Losses{.network_gap = 1, .over_limit = 2}));                 // 51; 52 and 53
    get({by(kSix, message(58)), by(kFour, message(58))});
    EXPECT_EQ(lost(), (Losses{.network_gap = 5, .over_limit = 2}));
    EXPECT_EQ(lost_before(), Numbers{7});
    for (std::uint64_t s = 54; s <= 57; ++s) get({by(kFour, part(s, "abcd", 1))});
    EXPECT_EQ(lost().total(), 3u);
}

TEST_F(Order, drops_the_parts_of_what_comes_whole_by_the_other_way) {
    know({kFour, kSix});
    get({by(kFour, part(52, "abcd", 0)), by(kFour, part(53, "abcd", 0))});
    const PackedContents contents(std::vector<Content>(3, {as_bytes("abcd")}));
    get({Parcel{message(51, ""), contents, 0, kSix}});
    EXPECT_EQ(sequences(), (Numbers{51, 52, 53}));
    EXPECT_EQ(office_.counters().half_arrived, 0u);
    pass(kFragmentTimeout);
    EXPECT_EQ(lost().total(), 0u);
}

TEST_F(Order, keeps_parcels_with_all_that_they_have) {
    know({kFour, kSix});
    {
        std::string host = "elsewhere", one = "first", two = "";
        const PackedContents contents(std::vector<Content>{{as_bytes(one), 0, Format::text},
                                                           {as_bytes(two), 0, Format::text}});
        Envelope envelope = message(52, "");
        envelope.from_host = host;
        get({Parcel{envelope, contents, 0, kFour}});
        get({Parcel{envelope, contents, 0, kFour}});  // a copy by the same way
        host = "XXXXXXXXX";
        one = "YYYYY";
    }
    get({by(kSix, message(51))});
    ASSERT_EQ(sequences(), (Numbers{51, 52, 53}));
    EXPECT_EQ(slots_.got[1], (RecordingSlots::Got{"LOG", "first", "elsewhere", 7, 52, 0}));
    EXPECT_EQ(slots_.got[2], (RecordingSlots::Got{"LOG", "", "elsewhere", 7, 53, 0}));
    EXPECT_EQ(only_sender().repeats, 50u + kParcelsToKnowWays + 2);
}

TEST_F(Order, blames_the_kernel_for_what_it_dropped_until_the_loss_was_certain) {
    know({kFour, kSix});
    get({by(kFour, message(52), 0), by(kSix, message(52), 1)});  // the other copy of 51
    EXPECT_EQ(lost().kernel_drop, 1u);
    get({by(kFour, message(54), 2), by(kSix, message(52), 2), by(kSix, message(54), 2)});
    EXPECT_EQ(lost().kernel_drop, 2u);
    get({by(kFour, message(56), 2), by(kSix, message(56), 2)});
    EXPECT_EQ(lost().network_gap, 1u);
}

TEST_F(Order, takes_the_word_of_copies_that_were_not_opened) {
    know({kFour, kSix});
    get({by(kFour, message(52)), by(kSix, copy_up_to(51))});
    EXPECT_EQ(sequences(), Numbers{});
    const auto before = office_.counters();
    get({by(kSix, copy_up_to(53))});
    EXPECT_EQ(sequences(), Numbers{52});
    EXPECT_EQ(lost_before(), Numbers{1});
    EXPECT_EQ(office_.counters().envelopes, before.envelopes);
    Envelope unknown = copy_up_to(9);
    unknown.origin = 99;
    get({by(kSix, unknown)});
    EXPECT_EQ(office_.counters().senders, 1u);
}

TEST_F(Order, is_left_alone_where_the_slot_takes_messages_as_they_come) {
    office_.slot_orders("LOG", mailslot::Order::as_it_comes);
    get({by(kFour, message(1)), by(kFour, message(3)), by(kSix, message(2))});
    EXPECT_EQ(sequences(), (Numbers{1, 3, 2}));
    EXPECT_EQ(lost_before(), (Numbers{0, 1, 0}));
    EXPECT_EQ(only_sender().told_then_arrived, 1u);
}

TEST_F(Order, is_let_go_early_by_a_sender_with_too_many_messages) {
    know({kFour, kSix});
    constexpr std::uint64_t kMany = kMostAheadMessages + 10;
    for (std::uint64_t i = 0; i < kMany; ++i) get({by(kFour, message(52 + i))});
    EXPECT_EQ(slots_.got.size(), kMany);
    EXPECT_EQ(told(), 1u);
    EXPECT_EQ(sequences().front(), 52u);
}

TEST_F(Order, is_let_go_early_by_senders_with_too_many_bytes_in_all) {
    PostOffice office{{}, clock_, slots_};
    office.slot_opened("LOG");
    const std::string text(100'000, 'x');
    std::uint64_t put = 0;
    for (std::uint64_t origin = 1; origin <= 12; ++origin) {
        for (std::uint64_t number = 2; number <= 40; ++number, ++put) {
            office.deliver(std::vector{by(kFour, message(number, text, origin))});
        }
        clock_.advance(1ms);
    }
    EXPECT_GT(slots_.got.size(), 0u);
    EXPECT_LT(slots_.got.size(), put);
    EXPECT_EQ(slots_.got.front().origin, 1u);
    office.let_all_go();
    EXPECT_EQ(slots_.got.size(), put);
    EXPECT_EQ(office.counters().lost.network_gap, 12u);
    EXPECT_FALSE(office.next_tick());
}

TEST_F(Order, lets_a_sender_that_is_forgotten_have_its_messages) {
    get({by(kFour, message(2, "x", 1))});
    deliver({message(1, "x", 2), message(1, "x", 3), message(1, "x", 4)});
    EXPECT_EQ(slots_.got.size(), 4u);
    EXPECT_EQ(lost().network_gap, 1u);
    EXPECT_EQ(office_.counters().senders_forgotten, 1u);
    EXPECT_FALSE(office_.next_tick());
}

TEST_F(Order, counts_what_waits_for_a_slot_that_goes) {
    get({by(kFour, message(2)), by(kFour, message(3))});
    office_.forget_slot("LOG");
    EXPECT_EQ(office_.counters().no_such_slot, 2u);
    EXPECT_FALSE(office_.next_tick());
    pass(kOrderPatience);
    EXPECT_EQ(sequences(), Numbers{});
}

TEST_F(Order, survives_a_reader_that_turns_out_to_be_gone) {
    office_.slot_opened("OTHER");
    know({kFour, kSix});
    get({by(kFour, message(52)), by(kFour, message(54))});
    slots_.refuse = [](std::uint64_t) { return Errc::no_such_slot; };
    Envelope other = message(1);
    other.slot = "other";
    get({by(kSix, message(51)), by(kSix, other), by(kSix, message(53))});
    EXPECT_EQ(office_.counters().no_such_slot, 4u);  // 51, 52, 54 and the other message
    EXPECT_EQ(office_.counters().senders, 1u);       // 53 is the first word to a new reader
    pass(kOrderPatience);
    EXPECT_EQ(office_.counters().no_such_slot, 5u);
    EXPECT_FALSE(office_.next_tick());
}

TEST_F(Order, tells_the_next_message_what_the_slot_refused_of_those_that_waited) {
    know({kFour, kSix});
    slots_.refuse = [](std::uint64_t number) -> std::optional<Errc> {
        return number == 52 ? std::optional(Errc::slot_full) : std::nullopt;
    };
    get({by(kFour, message(52)), by(kFour, message(54)), by(kSix, message(54))});
    EXPECT_EQ(sequences(), Numbers{54});
    EXPECT_EQ(lost_before(), Numbers{3});
    EXPECT_EQ(lost(), (Losses{.slot_full = 1, .network_gap = 2}));
}

// ---- First words

TEST_F(Order, waits_for_what_was_sent_just_before_the_slot_opened) {
    get({by(kFour, aged(message(12), 2s))});
    EXPECT_EQ(sequences(), Numbers{});
    get({by(kSix, aged(message(10), 2s)), by(kSix, aged(message(11), 2s))});
    EXPECT_EQ(sequences(), Numbers{});
    pass(kOrderPatience);
    EXPECT_EQ(sequences(), (Numbers{10, 11, 12}));
    EXPECT_EQ(told(), 0u);
    get({by(kFour, aged(message(13), 2s))});
    EXPECT_EQ(sequences().back(), 13u);
}

TEST_F(Order, counts_from_the_first_message_that_came_in_time) {
    get({by(kFour, aged(message(12), 2s)), by(kSix, aged(message(10), 2s))});
    pass(kOrderPatience);
    EXPECT_EQ(sequences(), (Numbers{10, 12}));
    EXPECT_EQ(lost_before(), (Numbers{0, 1}));
    EXPECT_EQ(lost().network_gap, 1u);
}

TEST_F(Order, waits_for_no_first_words_where_the_slot_is_older) {
    clock_.advance(1s);
    get({by(kFour, aged(message(12), 2s))});
    EXPECT_EQ(sequences(), Numbers{12});
    EXPECT_FALSE(office_.next_tick());
}

TEST_F(Order, waits_for_no_first_words_that_are_known_to_its_predecessor) {
    office_.recall_sender("LOG", 7, 12);
    get({by(kFour, aged(message(12), 2s)), by(kSix, aged(message(11), 2s))});
    EXPECT_EQ(sequences(), Numbers{12});
    EXPECT_EQ(only_sender().repeats, 1u);
}

}  // namespace
}  // namespace mailslot::post
