#include "post/post_office.h"

#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "post/testing/post_office_fixture.h"

namespace mailslot::post {
namespace {

using namespace std::string_view_literals;

// ---- Admission

TEST_F(PostOfficeTest, brings_a_message_into_its_slot_with_its_envelope) {
    deliver({message(1, "hi")});
    ASSERT_EQ(slots_.got.size(), 1u);
    EXPECT_EQ(slots_.got[0], (RecordingSlots::Got{"LOG", "hi", "box", 7, 1, 0}));
    EXPECT_EQ(office_.counters().delivered, 1u);
    EXPECT_EQ(office_.counters("LOG").received, 1u);
}

TEST_F(PostOfficeTest, takes_an_empty_message) {
    deliver({message(1, "")});
    EXPECT_EQ(sequences(), Numbers{1});
}

TEST_F(PostOfficeTest, admits_what_is_for_everybody_this_address_this_host_or_its_domains) {
    struct {
        Scope scope;
        std::string_view to;
        bool admitted;
    } const cases[] = {
        {Scope::everybody, "", true},
        {Scope::direct, "", true},
        {Scope::named, "ME", true},
        {Scope::named, "ATTIC", true},
        {Scope::named, "OTHER", false},
        {Scope::named, "", false},
        {Scope{0}, "ME", false},
        {Scope{99}, "", false},
        {Scope::named, "ME.", true},
        {Scope::direct, "ME", true},
        {Scope::direct, "OTHER", false},
        {Scope::direct, "ME.", true},
        {Scope::direct, "ATTIC", true},
        {Scope::direct, "OTHER\0ME"sv, true},
        {Scope::direct, "OTHER\0ELSE"sv, false},
        {Scope::direct, "ME\0OTHER"sv, true},
        {Scope::direct, "\0"sv, false},
    };
    std::uint64_t sequence = 0, turned_away = 0;
    for (const auto& c : cases) {
        SCOPED_TRACE(testing::Message() << int(c.scope) << " " << c.to);
        Envelope envelope = message(c.admitted ? ++sequence : 500);
        envelope.scope = c.scope;
        envelope.to = c.to;
        deliver({envelope});
        EXPECT_EQ(slots_.got.size(), sequence);
        turned_away += c.admitted ? 0 : 1;
        EXPECT_EQ(office_.counters().not_for_us, turned_away);
    }
    EXPECT_EQ(lost().total(), 0u);
}

TEST_F(PostOfficeTest, drops_what_its_own_writer_delivered_at_home) {
    Envelope own = message(1);
    own.delivered_at_home = true;
    own.machine_id = kHome;
    deliver({own});
    EXPECT_TRUE(slots_.got.empty());
    EXPECT_EQ(office_.counters().own, 1u);
    EXPECT_TRUE(all_senders(office_, "LOG").empty());
    own.delivered_at_home = false;  // sent to this machine by the network rules
    deliver({own});
    EXPECT_EQ(sequences(), Numbers{1});
    Envelope others = message(2);
    others.delivered_at_home = true;
    deliver({others});
    EXPECT_EQ(sequences(), (Numbers{1, 2}));
}

TEST_F(PostOfficeTest, says_which_messages_of_others_a_slot_here_takes) {
    Envelope to_me = message(1), to_other = message(1), own = message(1), to_no_slot = message(1);
    to_me.scope = to_other.scope = Scope::named;
    to_me.to = "ME";
    to_other.to = "OTHER";
    own.delivered_at_home = true;
    own.machine_id = kHome;
    to_no_slot.slot = "NOBODY";
    EXPECT_TRUE(office_.takes({message(1)}));
    EXPECT_TRUE(office_.takes({to_me}));
    EXPECT_FALSE(office_.takes({to_other}));
    EXPECT_FALSE(office_.takes({own}));
    EXPECT_FALSE(office_.takes({to_no_slot}));
    office_.slot_requires("LOG", Trust::domain);
    EXPECT_FALSE(office_.takes({message(1)}));
    EXPECT_EQ(office_.counters().envelopes, 0u);
}

TEST_F(PostOfficeTest, compares_slot_names_folded) {
    for (std::uint64_t s = 1; const char* spelling : {"log", "LOG", "lOg", "log"}) {
        Envelope envelope = message(s++);
        envelope.slot = spelling;
        deliver({envelope});
    }
    EXPECT_EQ(sequences(), (Numbers{1, 2, 3, 4}));
}

TEST_F(PostOfficeTest, drops_and_counts_what_contradicts_itself) {
    const std::string long_host(kMaxHostBytes + 1, 'x'), long_slot(kMaxSlotNameBytes + 1, 'x');
    Envelope kind = message(1), host = message(1), slot = message(1), text = message(1);
    kind.kind = Kind{77};
    host.from_host = long_host;
    slot.slot = long_slot;
    deliver({message(0), end(0), message(kMaxSequence + 1), kind, host, slot});
    EXPECT_EQ(office_.counters().bad, 6u);
    Envelope fragment = part(1, "abcd", 0);
    fragment.offset = 1;
    deliver({fragment});
    EXPECT_EQ(office_.counters().bad_fragments, 1u);
    EXPECT_EQ(office_.counters().senders, 0u);
    text.slot = "\xff";  // not UTF-8: no slot can be called that
    deliver({text});
    EXPECT_EQ(office_.counters().no_such_slot, 1u);
}

TEST_F(PostOfficeTest, ignores_discovery_and_reports) {
    Envelope query = message(1), answer = message(1), report = message(1);
    query.kind = Kind::query;
    answer.kind = Kind::answer;
    report.kind = Kind::report;
    deliver({query, answer, report});
    EXPECT_EQ(office_.counters().ignored, 3u);
    EXPECT_TRUE(slots_.got.empty());
}

TEST_F(PostOfficeTest, hands_on_queries_for_this_machine) {
    std::vector<std::string> asked;
    slots_.slots.hear_query = [&](const Envelope& e) { asked.emplace_back(e.slot); };
    Envelope query = message(0);
    query.kind = Kind::query;
    query.slot = "";
    Envelope for_us = query, for_others = query, answer = query;
    for_us.scope = for_others.scope = Scope::named;
    for_us.to = "LAB";
    for_us.slot = "Log";
    for_others.to = "ELSEWHERE";
    answer.kind = Kind::answer;
    deliver({query, for_us, for_others, answer});
    EXPECT_EQ(asked, (std::vector<std::string>{"", "Log"}));
}

// ---- Exactly once

TEST_F(PostOfficeTest, delivers_each_message_once) {
    deliver({message(1), message(1), message(2)});
    deliver({message(2), message(1), message(3)});
    EXPECT_EQ(sequences(), (Numbers{1, 2, 3}));
    EXPECT_EQ(only_sender().repeats, 3u);
    EXPECT_EQ(office_.counters("LOG").repeats, 3u);
    EXPECT_EQ(office_.counters().repeats, 3u);
}

TEST_F(PostOfficeTest, takes_a_message_below_the_window_for_a_repeat) {
    deliver({message(1), message(kRepeatWindow + 3)});
    deliver({message(2)});  // never came, but nobody can know that
    EXPECT_EQ(sequences(), (Numbers{1, kRepeatWindow + 3}));
    EXPECT_EQ(office_.counters("LOG").too_old, 1u);
    EXPECT_EQ(office_.counters("LOG").repeats, 1u);
    EXPECT_EQ(lost().network_gap, kRepeatWindow + 1);
    deliver({message(4)});  // the lowest in the window
    EXPECT_EQ(lost().network_gap, kRepeatWindow);
}

TEST_F(PostOfficeTest, keeps_origins_apart) {
    deliver({message(1, "a", 7), message(1, "b", 8)});
    EXPECT_EQ(slots_.got.size(), 2u);
    EXPECT_EQ(office_.counters("LOG").senders, 2u);
    EXPECT_EQ(lost().total(), 0u);  // a restarted writer is a new origin
}

// ---- Into the slot

TEST_F(PostOfficeTest, hands_over_consecutive_messages_of_a_slot_in_one_call) {
    office_.slot_opened("OTHER");
    Envelope other = message(1);
    other.slot = "other";
    deliver({message(1), message(2), message(1, "x", 8), other, message(3)});
    EXPECT_EQ(slots_.put_sizes, (std::vector<std::size_t>{3, 1, 1}));
}

TEST_F(PostOfficeTest, counts_what_the_slot_refuses_and_tells_the_next_message) {
    slots_.refuse = [](std::uint64_t sequence) -> std::optional<Errc> {
        if (sequence == 3) return Errc::slot_full;
        if (sequence == 4) return Errc::message_too_big;
        if (sequence == 5) return Errc::no_permission;
        return std::nullopt;
    };
    deliver({message(1), message(3), message(4), message(1, "x", 8), message(5), message(6),
             message(7)});
    EXPECT_EQ(sequences(), (Numbers{1, 1, 6, 7}));
    EXPECT_EQ(lost_before(), (Numbers{0, 0, 4, 0}));
    EXPECT_EQ(lost(),
              (Losses{.slot_full = 1, .message_too_big = 1, .network_gap = 1, .over_limit = 1}));
    EXPECT_EQ(only_sender().lost_untold, 0u);
    EXPECT_EQ(only_sender().received, 3u);
    EXPECT_EQ(office_.counters().delivered, 4u);
}

TEST_F(PostOfficeTest, keeps_losses_untold_when_the_last_message_of_a_run_is_refused) {
    slots_.refuse = [](std::uint64_t) { return Errc::slot_full; };
    deliver({message(3), message(5)});
    EXPECT_EQ(only_sender().lost_untold, 5u);
    slots_.refuse = [](std::uint64_t) { return std::nullopt; };
    deliver({message(5)});  // a copy of a refused message is a repeat
    deliver({message(4)});
    EXPECT_EQ(lost_before(), Numbers{4});
    EXPECT_EQ(only_sender().told_then_arrived, 0u);
    EXPECT_EQ(lost().total(), 4u);
    EXPECT_EQ(office_.counters("LOG").repeats, 1u);
}

TEST_F(PostOfficeTest, takes_back_a_loss_that_two_refused_messages_could_not_tell) {
    slots_.refuse = [](std::uint64_t) { return Errc::slot_full; };
    deliver({message(2), message(3)});
    slots_.refuse = [](std::uint64_t) { return std::nullopt; };
    deliver({message(1)});
    EXPECT_EQ(only_sender().told_then_arrived, 0u);
    EXPECT_EQ(lost_before(), Numbers{2});
    EXPECT_EQ(lost().total(), 2u);
}

TEST_F(PostOfficeTest, does_not_loop_when_a_slot_takes_nothing_and_does_not_say_why) {
    TestSlots slots([](auto, auto) { return Result<std::size_t>(0); });
    PostOffice office{{}, clock_, slots};
    office.slot_opened("LOG");
    deliver_each(office, std::vector{message(1), message(2)});
    EXPECT_EQ(office.counters().lost.over_limit, 2u);
}

// ---- Slots that come and go

TEST_F(PostOfficeTest, remembers_nothing_about_senders_to_slots_that_do_not_exist) {
    Envelope lost_one = message(5), fragment = part(9, "abcd", 0), rest = part(9, "abcd", 1),
             bye = end(10);
    for (Envelope* e : {&lost_one, &fragment, &rest, &bye}) e->slot = "nobody";
    deliver({lost_one, fragment, rest, bye});
    EXPECT_EQ(office_.counters().no_such_slot, 2u);  // two messages
    EXPECT_EQ(office_.counters().senders, 0u);
    EXPECT_EQ(office_.counters().half_arrived, 0u);
    EXPECT_EQ(office_.counters().lost.total(), 0u);
}

TEST_F(PostOfficeTest, finds_a_slot_that_opens_after_its_first_messages) {
    Envelope early = message(1), later = message(2);
    early.slot = later.slot = "new";
    deliver({early});
    clock_.advance(10ms);
    office_.slot_opened("NEW");
    deliver({aged(later, 10ms)});
    EXPECT_EQ(sequences(), Numbers{2});
    EXPECT_EQ(lost_before(), Numbers{0});
}

TEST_F(PostOfficeTest, starts_a_new_reader_with_clean_books) {
    deliver({message(1), message(3), part(4, "abcd", 0)});
    office_.forget_slot("LOG");
    EXPECT_EQ(office_.counters("LOG").received, 0u);
    EXPECT_EQ(office_.counters().senders, 0u);
    EXPECT_EQ(office_.counters().half_arrived, 0u);
    EXPECT_EQ(office_.counters().no_such_slot, 1u);  // the half-arrived message
    EXPECT_EQ(office_.counters().lost.network_gap, 1u);
    deliver({message(5)});
    EXPECT_EQ(office_.counters().no_such_slot, 2u);
    clock_.advance(1s);
    office_.slot_opened("LOG");
    deliver({aged(message(9), 2s)});
    EXPECT_EQ(office_.counters("LOG").lost.total(), 0u);
    EXPECT_EQ(slots_.got.back().sequence, 9u);
    EXPECT_EQ(slots_.got.back().lost_before, 0u);
}

TEST_F(PostOfficeTest, drops_the_books_of_a_slot_whose_reader_turns_out_to_be_gone) {
    deliver({message(1), part(2, "abcd", 0)});
    slots_.refuse = [](std::uint64_t) { return Errc::no_such_slot; };
    deliver({message(4), message(5), message(1, "x", 8)});
    EXPECT_EQ(office_.counters().no_such_slot, 3u);
    EXPECT_EQ(office_.counters().senders, 0u);
    EXPECT_EQ(office_.counters("LOG").received, 0u);
    slots_.refuse = [](std::uint64_t) { return std::nullopt; };
    clock_.advance(1s);
    deliver({aged(message(6), 2s)});
    EXPECT_EQ(slots_.got.back().sequence, 6u);
    EXPECT_EQ(office_.counters("LOG").lost.total(), 0u);
}

// ---- Bounds

TEST_F(PostOfficeTest, forgets_the_sender_that_was_silent_for_longest) {
    for (std::uint64_t origin : {1, 2, 3}) {
        deliver({message(1, "x", origin)});
        clock_.advance(1ms);
    }
    deliver({message(2, "x", 1), message(1, "x", 4)});
    EXPECT_EQ(office_.counters().senders, 3u);
    EXPECT_EQ(office_.counters().senders_forgotten, 1u);
    Numbers origins;
    for (const SenderCounters& sender : all_senders(office_, "LOG"))
        origins.push_back(sender.origin);
    EXPECT_EQ(origins, (Numbers{1, 3, 4}));
    EXPECT_EQ(office_.counters("LOG").senders_forgotten, 1u);
}

TEST_F(PostOfficeTest, tells_of_its_senders_page_by_page_while_some_come_and_go) {
    for (std::uint64_t origin : {1, 2, 3}) deliver({message(1, "x", origin)});
    const SenderPage first = office_.senders("LOG", 0, 2);
    ASSERT_EQ(first.senders.size(), 2u);
    EXPECT_EQ(first.senders[1].origin, 2u);
    ASSERT_TRUE(first.next);
    deliver({message(2, "x", 3), message(1, "x", 4), message(1, "x", 5)});  // 1 and 2 are forgotten
    const SenderPage second = office_.senders("LOG", *first.next, 2);
    ASSERT_EQ(second.senders.size(), 2u);
    EXPECT_EQ(second.senders[0].origin, 3u);
    EXPECT_EQ(second.senders[1].origin, 4u);
    ASSERT_TRUE(second.next);
    const SenderPage last = office_.senders("LOG", *second.next, 2);
    EXPECT_EQ(last.senders.size(), 1u);
    EXPECT_FALSE(last.next);
    EXPECT_TRUE(office_.senders("NONE", 0, 2).senders.empty());
}

TEST(PostOffice, keeps_to_its_bounds_with_a_hundred_thousand_senders) {
    constexpr std::uint64_t kMany = 100'000;
    FakeClock clock;
    std::uint64_t taken = 0;
    TestSlots slots([&taken](std::string_view, std::span<const Parcel> messages) {
        taken += messages.size();
        return Result<std::size_t>(messages.size());
    });
    PostOffice office({}, clock, slots);
    office.slot_opened("LOG");
    for (std::uint64_t origin = 1; origin <= kMany; ++origin) {
        deliver_each(office, std::vector{message(1, "x", origin)});
    }
    EXPECT_EQ(taken, kMany);
    EXPECT_EQ(office.counters("LOG").received, kMany);
    EXPECT_EQ(office.counters("LOG").senders, kMaxSenders);
    EXPECT_EQ(office.counters("LOG").senders_forgotten, kMany - kMaxSenders);
    EXPECT_EQ(office.counters("LOG").lost.total(), 0u);
}

TEST_F(PostOfficeTest, does_not_take_a_forgotten_sender_for_one_whose_first_messages_were_lost) {
    deliver({message(1, "x", 1), message(2, "x", 1), message(3, "x", 1)});
    clock_.advance(10ms);
    for (std::uint64_t origin : {2, 3, 4}) deliver({message(1, "x", origin)});
    EXPECT_EQ(office_.counters().senders_forgotten, 1u);
    deliver({aged(message(4, "x", 1), 10ms)});
    EXPECT_EQ(lost().total(), 0u);
    clock_.advance(10ms);
    deliver({aged(message(3, "x", 9), 5ms)});  // began after that sender was last heard: truly new
    EXPECT_EQ(lost().network_gap, 2u);
}

TEST_F(PostOfficeTest, counts_the_half_arrived_messages_of_a_sender_that_it_forgets) {
    deliver({part(1, "abcd", 0, 2, 1), part(2, "abcd", 0, 2, 1)});
    EXPECT_EQ(lost().network_gap, 1u);
    deliver({message(1, "x", 2), message(1, "x", 3), message(1, "x", 4)});
    EXPECT_EQ(lost(), (Losses{.over_limit = 2}));
    EXPECT_EQ(office_.counters().half_arrived, 0u);
}

TEST_F(PostOfficeTest, delivers_all_of_a_batch_with_more_senders_than_it_remembers) {
    std::vector<Envelope> batch;
    for (std::uint64_t origin = 1; origin <= 100; ++origin)
        batch.push_back(message(1, "x", origin));
    deliver(batch);
    EXPECT_EQ(slots_.got.size(), 100u);
    EXPECT_EQ(office_.counters().senders_forgotten, 97u);
    EXPECT_EQ(slots_.put_sizes.at(0), 3u);  // delivered before the first of them was forgotten
}

TEST_F(PostOfficeTest, works_on_after_more_spellings_than_it_remembers) {
    for (std::size_t i = 0; i < 3 * kMaxSpellings; ++i) {
        const std::string spelling = "nobody" + std::to_string(i);
        Envelope envelope = message(1);
        envelope.slot = spelling;
        deliver({envelope});
    }
    deliver({message(1)});
    EXPECT_EQ(sequences(), Numbers{1});
    EXPECT_EQ(office_.counters().no_such_slot, 3 * kMaxSpellings);
}

}  // namespace
}  // namespace mailslot::post
