// Losses that the post office counts: when, and which message reports them.
#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "post/testing/post_office_fixture.h"

namespace mailslot::post {
namespace {

using PostOfficeLosses = PostOfficeTest;

// ---- Losses

TEST_F(PostOfficeLosses, counts_a_gap_at_once_and_tells_the_next_message) {
    deliver({message(1), message(4), message(5)});
    EXPECT_EQ(lost_before(), (Numbers{0, 2, 0}));
    EXPECT_EQ(lost().network_gap, 2u);
    EXPECT_EQ(only_sender().lost.total(), 2u);
}

TEST_F(PostOfficeLosses, takes_a_loss_back_when_the_message_comes_late) {
    deliver({message(1), message(3)});
    EXPECT_EQ(lost().network_gap, 1u);
    deliver({message(2), message(4)});
    EXPECT_EQ(lost().total(), 0u);
    EXPECT_EQ(lost_before(), (Numbers{0, 1, 0, 0}));
    EXPECT_EQ(only_sender().told_then_arrived, 1u);
}

TEST_F(PostOfficeLosses, counts_the_tail_when_the_writer_ends) {
    deliver({message(1), end(4), end(4)});
    EXPECT_EQ(lost().network_gap, 2u);
    EXPECT_EQ(only_sender().lost_untold, 2u);
    deliver({message(3), end(4)});
    EXPECT_EQ(lost().network_gap, 1u);
    EXPECT_EQ(only_sender().told_then_arrived, 0u);
    EXPECT_EQ(lost_before(), (Numbers{0, 1}));
}

TEST_F(PostOfficeLosses,
       counts_what_came_before_the_first_word_when_the_slot_was_open_all_the_time) {
    clock_.advance(500ms);
    deliver({aged(message(4), 500ms)});
    EXPECT_EQ(lost().network_gap, 3u);
    EXPECT_EQ(lost_before(), Numbers{3});
}

TEST_F(PostOfficeLosses,
       counts_nothing_before_the_first_word_when_the_writer_is_older_than_the_slot) {
    clock_.advance(500ms);
    deliver({aged(message(4), 501ms)});
    EXPECT_EQ(lost().total(), 0u);
    deliver({aged(message(2), 502ms),
             aged(message(2), 502ms)});  // late, welcome once, and nobody's loss
    EXPECT_EQ(sequences(), (Numbers{4, 2}));
    EXPECT_EQ(lost().total(), 0u);
    EXPECT_EQ(only_sender().told_then_arrived, 0u);
}

// ---- Machines that sleep

TEST_F(PostOfficeLosses, counts_the_time_in_which_this_machine_slept) {
    deliver({message(1)});
    clock_.sleep(1h);
    deliver({aged(message(3, "hello", 8), 59min)});  // began after the slot opened
    EXPECT_EQ(lost().network_gap, 2u);
    deliver({aged(message(3, "hello", 9), 61min)});  // the writer began before the slot opened
    EXPECT_EQ(lost().network_gap, 2u);
}

TEST_F(PostOfficeLosses, gives_parts_no_less_time_because_the_machine_slept) {
    deliver({part(1, "abcd", 0)});
    clock_.sleep(1h);
    office_.tick();
    deliver({part(1, "abcd", 1)});
    EXPECT_EQ(sequences(), Numbers{1});
}

// ---- Drops by this machine's kernel

Parcel after_drops(std::uint64_t drops, const Envelope& envelope) { return {envelope, {}, drops}; }

TEST_F(PostOfficeLosses, tells_a_gap_of_the_kernel_from_one_of_the_network) {
    office_.deliver(std::vector{after_drops(5, message(1)), after_drops(5, message(3)),
                                after_drops(6, message(6)), after_drops(6, message(8))});
    EXPECT_EQ(lost().network_gap, 2u);
    EXPECT_EQ(lost().kernel_drop, 2u);
    EXPECT_EQ(only_sender().lost, lost());
    EXPECT_EQ(lost_before(), (Numbers{0, 1, 2, 1}));
}

TEST_F(PostOfficeLosses, blames_the_kernel_only_for_drops_since_the_last_word_of_that_sender) {
    office_.deliver(std::vector{after_drops(0, message(1)), after_drops(3, message(2)),
                                after_drops(3, message(4)), after_drops(0, message(6))});
    EXPECT_EQ(lost().network_gap, 2u);
    EXPECT_EQ(lost().kernel_drop, 0u);
}

TEST_F(PostOfficeLosses, blames_the_kernel_for_the_first_messages_only_if_it_dropped_meanwhile) {
    const auto first = [](std::uint64_t drops, std::uint64_t origin, auto age) {
        return std::vector{after_drops(drops, aged(message(3, "hello", origin), age))};
    };
    office_.deliver(std::vector{after_drops(1, message(1))});
    clock_.advance(500ms);
    office_.deliver(first(1, 8, 100ms));
    EXPECT_EQ(lost().network_gap, 2u);
    office_.deliver(first(2, 9, 100ms));
    EXPECT_EQ(lost().kernel_drop, 2u);
}

TEST_F(PostOfficeLosses, takes_back_by_the_cause_that_was_counted) {
    office_.deliver(std::vector{after_drops(0, message(1)), after_drops(1, message(4))});
    EXPECT_EQ(lost().kernel_drop, 2u);
    deliver({message(2), part(3, "abcd", 0)});
    EXPECT_EQ(lost().kernel_drop, 1u);
    clock_.advance(kFragmentTimeout);
    office_.tick();
    EXPECT_EQ(lost().kernel_drop, 0u);
    EXPECT_EQ(lost().fragment_timed_out, 1u);
    deliver({message(3)});
    EXPECT_EQ(lost().total(), 0u);
    EXPECT_EQ(only_sender().lost.total(), 0u);
}

// ---- Taking over

TEST_F(PostOfficeLosses, counts_what_was_lost_between_a_dead_post_office_and_its_successor) {
    clock_.advance(500ms);
    office_.slot_taken_over("LOG", clock_.now_through_sleep() - 400ms);
    office_.recall_sender("LOG", 7, 4);
    deliver({aged(message(6), 450ms)});  // began before the slot: the note says which are missing
    EXPECT_EQ(lost_before(), Numbers{2});
    deliver({aged(message(3, "hello", 8), 100ms)});  // unknown so far
    EXPECT_EQ(lost_before(), (Numbers{2, 2}));
    deliver({aged(message(3, "hello", 9), 450ms)});  // heard, perhaps, before the notes began
    EXPECT_EQ(lost_before(), (Numbers{2, 2, 0}));
    EXPECT_EQ(lost().network_gap, 4u);
    EXPECT_EQ(all_senders(office_, "LOG").at(0).host, "box");
}

TEST_F(PostOfficeLosses, takes_nothing_twice_that_a_dead_post_office_has_dealt_with) {
    office_.slot_taken_over("LOG", clock_.now_through_sleep());
    office_.recall_sender("LOG", 7, 4);
    deliver({message(1), message(2), message(3), message(4), message(5)});
    EXPECT_EQ(sequences(), (Numbers{4, 5}));
    EXPECT_EQ(office_.counters("LOG").repeats, 3u);
    EXPECT_EQ(lost().total(), 0u);
}

TEST_F(PostOfficeLosses, ignores_notes_that_nobody_can_have_written) {
    office_.recall_sender("NONE", 7, 4);
    office_.recall_sender("LOG", 7, 0);
    office_.recall_sender("LOG", 7, ~std::uint64_t{0});
    EXPECT_TRUE(all_senders(office_, "LOG").empty());
    for (std::uint64_t origin = 1; origin < 9; ++origin) office_.recall_sender("LOG", origin, 2);
    EXPECT_EQ(office_.counters().senders, 3u);  // the limit here
}

TEST_F(PostOfficeLosses, notes_losses_for_its_successor) {
    std::vector<std::pair<std::uint64_t, std::uint64_t>> notes;
    slots_.slots.note = [&](std::string_view slot, std::uint64_t origin, std::uint64_t next) {
        EXPECT_EQ(slot, "LOG");
        notes.emplace_back(origin, next);
    };
    deliver({message(1), message(2), message(1, "hello", 8)});
    EXPECT_TRUE(notes.empty());  // the messages are in the slot
    deliver({end(5)});
    EXPECT_EQ(notes, (decltype(notes){{7, 5}}));
    notes.clear();
    slots_.refuse = [](auto) { return Errc::slot_full; };
    deliver({message(5)});
    EXPECT_EQ(notes, (decltype(notes){{7, 6}}));
}

TEST_F(PostOfficeLosses, does_not_trust_an_age_that_has_saturated) {
    clock_.advance(24h * 60);
    Envelope old = message(4);
    old.origin_age_ms = 0xffffffff;
    deliver({old});
    EXPECT_EQ(lost().total(), 0u);
}

TEST_F(PostOfficeLosses, counts_everything_of_a_writer_of_which_only_the_end_came) {
    clock_.advance(500ms);
    deliver({aged(end(4), 100ms), aged(end(4), 100ms)});
    EXPECT_EQ(lost().network_gap, 3u);
    deliver({aged(end(9, 8), 501ms)});  // began before the slot
    EXPECT_EQ(lost().network_gap, 3u);
}

TEST_F(PostOfficeLosses, keeps_nothing_of_a_writer_that_ends_without_a_message) {
    deliver({end(1)});
    EXPECT_EQ(office_.counters().senders, 0u);
}

// ---- Fragments

TEST_F(PostOfficeLosses, delivers_a_fragmented_message_once) {
    deliver({part(1, "abcde", 0), part(1, "abcde", 0), part(1, "abcde", 2)});
    EXPECT_TRUE(slots_.got.empty());
    EXPECT_TRUE(office_.next_tick());
    deliver({part(1, "abcde", 1), part(1, "abcde", 1), part(1, "abcde", 0), message(2)});
    ASSERT_EQ(sequences(), (Numbers{1, 2}));
    EXPECT_EQ(slots_.got[0].text, "abcde");
    EXPECT_EQ(office_.counters().fragment_repeats, 3u);
    EXPECT_EQ(office_.counters("LOG").repeats, 0u);
    EXPECT_EQ(lost().total(), 0u);
    EXPECT_FALSE(office_.next_tick());
}

TEST_F(PostOfficeLosses, misses_an_incomplete_message_only_from_the_next_one_on) {
    deliver({part(1, "abcd", 0)});
    EXPECT_EQ(lost().total(), 0u);
    deliver({message(2)});
    EXPECT_EQ(lost().network_gap, 1u);
    deliver({part(1, "abcd", 1)});
    EXPECT_EQ(lost().total(), 0u);
    EXPECT_EQ(sequences(), (Numbers{2, 1}));
    EXPECT_EQ(only_sender().told_then_arrived, 1u);
}

TEST_F(PostOfficeLosses, counts_what_the_first_fragment_heard_leaves_out) {
    deliver({part(3, "abcd", 0)});
    EXPECT_EQ(lost().network_gap, 2u);
    deliver({part(3, "abcd", 1)});
    EXPECT_EQ(lost_before(), Numbers{2});
}

TEST_F(PostOfficeLosses, says_that_a_fragment_timed_out) {
    deliver({part(1, "abcd", 0), message(2), part(3, "abcd", 0)});
    EXPECT_EQ(lost().network_gap, 1u);
    EXPECT_EQ(office_.next_tick(), clock_.now() + kFragmentTimeout);
    clock_.advance(kFragmentTimeout - 1ms);
    office_.tick();
    EXPECT_EQ(lost().fragment_timed_out, 0u);
    clock_.advance(1ms);
    office_.tick();
    EXPECT_EQ(lost().network_gap, 0u);
    EXPECT_EQ(lost().fragment_timed_out, 2u);  // including the last message of the stream
    EXPECT_EQ(only_sender().lost_untold, 1u);
    EXPECT_FALSE(office_.next_tick());
    deliver({end(4), message(5)});
    EXPECT_EQ(lost().total(), 3u);
    EXPECT_EQ(lost_before(), (Numbers{1, 2}));
}

TEST_F(PostOfficeLosses, calls_nothing_lost_of_what_was_sent_before_anybody_listened) {
    clock_.advance(1s);
    deliver({aged(message(5), 2s), aged(part(3, "abcd", 0), 2s)});
    clock_.advance(kFragmentTimeout);
    office_.tick();
    EXPECT_EQ(lost(), Losses{});
    EXPECT_EQ(office_.counters().half_arrived, 0u);
}

TEST_F(PostOfficeLosses, takes_a_timed_out_message_back_when_it_comes_whole) {
    deliver({part(1, "abcd", 0)});
    clock_.advance(kFragmentTimeout);
    office_.tick();
    deliver({part(1, "abcd", 1)});  // missing again, while its parts come once more
    EXPECT_EQ(lost().fragment_timed_out, 0u);
    EXPECT_EQ(lost().network_gap, 1u);
    deliver({part(1, "abcd", 0)});
    EXPECT_EQ(lost().total(), 0u);
    EXPECT_EQ(only_sender().lost_untold, 0u);
    EXPECT_EQ(slots_.got.at(0).text, "abcd");
}

TEST_F(PostOfficeLosses, drops_the_parts_of_a_message_that_another_carrier_brought_whole) {
    deliver({part(1, "abcd", 0), message(1, "abcd"), part(1, "abcd", 1)});
    EXPECT_EQ(sequences(), Numbers{1});
    EXPECT_EQ(office_.counters().half_arrived, 0u);
    clock_.advance(1h);
    office_.tick();
    EXPECT_EQ(lost().total(), 0u);
}

TEST_F(PostOfficeLosses, counts_messages_that_had_to_make_room) {
    for (std::uint64_t s = 1; s <= 6; ++s) deliver({part(s, "abcd", 0)});
    EXPECT_EQ(lost().over_limit, 2u);   // 1 and 2; four may wait
    EXPECT_EQ(lost().network_gap, 3u);  // 3, 4, 5
    for (std::uint64_t s = 3; s <= 6; ++s) deliver({part(s, "abcd", 1)});
    EXPECT_EQ(lost().total(), 2u);
    EXPECT_EQ(sequences(), (Numbers{3, 4, 5, 6}));
}

TEST_F(PostOfficeLosses, drops_parts_that_contradict_the_first) {
    deliver({part(1, "abcd", 0), part(1, "abcdef", 1), part(1, "abcd", 1)});
    EXPECT_EQ(office_.counters().bad_fragments, 1u);
    EXPECT_EQ(slots_.got.at(0).text, "abcd");
}

}  // namespace
}  // namespace mailslot::post
