#include "post/sender_book.h"

#include <gtest/gtest.h>

namespace mailslot::post {
namespace {

using Standing = SequenceWindow::Standing;

TEST(SequenceWindow, knows_arrived_missing_and_coming_numbers_apart) {
    SequenceWindow window(1);
    window.set_arrived(1);
    EXPECT_EQ(window.advance_to(4), 2u);
    window.set_arrived(4);
    EXPECT_EQ(window.standing(1), Standing::arrived);
    EXPECT_EQ(window.standing(2), Standing::missing);
    EXPECT_EQ(window.standing(3), Standing::missing);
    EXPECT_EQ(window.standing(4), Standing::arrived);
    EXPECT_EQ(window.standing(5), Standing::ahead);
    EXPECT_EQ(window.next(), 5u);
}

TEST(SequenceWindow, does_not_go_back) {
    SequenceWindow window(1);
    window.advance_to(10);
    EXPECT_EQ(window.advance_to(10), 0u);
    EXPECT_EQ(window.advance_to(3), 0u);
    EXPECT_EQ(window.next(), 10u);
}

TEST(SequenceWindow, misses_nothing_before_the_first_that_counts) {
    SequenceWindow window(5);
    window.set_arrived(5);
    EXPECT_EQ(window.standing(4), Standing::uncounted);
    EXPECT_FALSE(window.counts(4));
    EXPECT_TRUE(window.counts(5));
    window.set_arrived(4);
    EXPECT_EQ(window.standing(4), Standing::arrived);
}

TEST(SequenceWindow, reaches_back_exactly_kRepeatWindow_numbers) {
    SequenceWindow window(1);
    window.set_arrived(1);
    window.advance_to(kRepeatWindow + 1);
    EXPECT_EQ(window.standing(1), Standing::arrived);
    window.advance_to(kRepeatWindow + 2);
    EXPECT_EQ(window.standing(1), Standing::too_old);
    EXPECT_EQ(window.standing(2), Standing::missing);
}

TEST(SequenceWindow, gives_the_place_of_a_number_that_left_to_one_that_is_missing) {
    SequenceWindow window(1);
    for (std::uint64_t s = 1; s <= kRepeatWindow; ++s) window.set_arrived(s);
    window.set_given_up(7, &Losses::over_limit);
    window.advance_to(kRepeatWindow + 10);
    for (std::uint64_t s = kRepeatWindow + 1; s < kRepeatWindow + 10; ++s) {
        EXPECT_EQ(window.standing(s), Standing::missing) << s;
    }
    EXPECT_EQ(window.standing(10), Standing::arrived);
}

TEST(SequenceWindow, forgets_all_numbers_after_a_jump_over_the_whole_window) {
    SequenceWindow window(1);
    for (std::uint64_t s = 1; s <= 2 * kRepeatWindow; ++s) window.set_arrived(s);
    window.set_given_up(2 * kRepeatWindow, &Losses::fragment_timed_out);
    const std::uint64_t far = std::uint64_t{1} << 53;
    EXPECT_EQ(window.advance_to(far), far - 2 * kRepeatWindow - 1);
    for (std::uint64_t s = far - kRepeatWindow; s < far; ++s) {
        ASSERT_EQ(window.standing(s), Standing::missing) << s;
    }
    EXPECT_EQ(window.standing(far - kRepeatWindow - 1), Standing::too_old);
}

TEST(SequenceWindow, remembers_why_a_number_was_given_up_until_it_arrives) {
    SequenceWindow window(1);
    window.advance_to(3);
    window.set_given_up(1, &Losses::fragment_timed_out);
    window.set_given_up(2, &Losses::over_limit);
    EXPECT_EQ(window.standing(1), Standing::timed_out);
    EXPECT_EQ(window.standing(2), Standing::evicted);
    window.set_arrived(1);
    window.clear_cause(2);
    EXPECT_EQ(window.standing(1), Standing::arrived);
    EXPECT_EQ(window.standing(2), Standing::missing);
}

TEST(SequenceWindow, notes_nothing_about_numbers_outside_it) {
    SequenceWindow window(1);
    window.advance_to(3000);
    window.set_given_up(3000 - kRepeatWindow - 1, &Losses::over_limit);  // shares its bit with 2999
    EXPECT_EQ(window.standing(2999), Standing::missing);
}

TEST(SequenceWindow, takes_numbers_in_a_row_at_once) {
    SequenceWindow window(1);
    window.set_next_arrived(3);
    window.advance_to(6);
    window.set_next_arrived(2);
    EXPECT_EQ(window.next(), 8u);
    for (std::uint64_t number : {1, 2, 3, 6, 7})
        EXPECT_EQ(window.standing(number), Standing::arrived);
    for (std::uint64_t number : {4, 5}) EXPECT_EQ(window.standing(number), Standing::missing);
    EXPECT_TRUE(window.has_arrived(1, 3));
    EXPECT_TRUE(window.has_arrived(6, 2));
    EXPECT_FALSE(window.has_arrived(3, 2));
    EXPECT_FALSE(window.has_arrived(4, 1));
    EXPECT_FALSE(window.has_arrived(7, 2));  // 8 was not heard of
    EXPECT_FALSE(window.has_arrived(8, 1));
}

TEST(SequenceWindow, takes_more_numbers_in_a_row_than_it_reaches_back) {
    SequenceWindow window(1);
    window.advance_to(3);
    window.set_given_up(2, &Losses::over_limit);
    window.set_next_arrived(kRepeatWindow + 5);
    EXPECT_EQ(window.next(), kRepeatWindow + 8);
    EXPECT_EQ(window.standing(7), Standing::too_old);
    EXPECT_FALSE(window.has_arrived(7, 10));
    EXPECT_TRUE(window.has_arrived(8, kRepeatWindow));
    window.advance_to(window.next() + 1);
    EXPECT_EQ(window.standing(window.next() - 1), Standing::missing);
    EXPECT_FALSE(window.has_arrived(9, kRepeatWindow));
}

TEST(SenderBook, finds_a_sender_by_slot_and_origin) {
    SlotBook one, two;
    SenderBook book(10);
    Sender& sender = book.add({&one, 7}, 1, {.from_host = "box"});
    EXPECT_EQ(book.find({&one, 7}), &sender);
    EXPECT_EQ(book.find({&two, 7}), nullptr);
    EXPECT_EQ(book.find({&one, 8}), nullptr);
    EXPECT_EQ(sender.host, "box");
    EXPECT_EQ(one.senders.size(), 1u);
}

TEST(SenderBook, names_the_sender_that_was_silent_for_longest) {
    SlotBook slot;
    SenderBook book(3);
    Sender& first = book.add({&slot, 1}, 1, {});
    Sender& second = book.add({&slot, 2}, 1, {});
    book.add({&slot, 3}, 1, {});
    EXPECT_TRUE(book.is_full());
    EXPECT_EQ(&book.least_recent(), &first);
    book.heard(first, Clock::Instant(std::chrono::seconds(5)));
    EXPECT_EQ(&book.least_recent(), &second);
    EXPECT_EQ(first.last_heard, Clock::Instant(std::chrono::seconds(5)));
}

TEST(SenderBook, keeps_nothing_of_a_removed_sender) {
    SlotBook slot;
    SenderBook book(1);
    book.remove(book.add({&slot, 1}, 1, {}));
    EXPECT_EQ(book.find({&slot, 1}), nullptr);
    EXPECT_EQ(book.size(), 0u);
    EXPECT_TRUE(slot.senders.empty());
    book.add({&slot, 2}, 1, {});
    EXPECT_EQ(book.least_recent().key.origin, 2u);
}

}  // namespace
}  // namespace mailslot::post
