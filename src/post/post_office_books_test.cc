// A post office goes on with the books of another office without any difference.
#include <gtest/gtest.h>

#include "post/testing/post_office_fixture.h"

namespace mailslot::post {
namespace {

constexpr std::uint64_t kMemory = 4711;

class Books : public PostOfficeTest {
protected:
    Books() { slots_.slots.memory = kMemory; }
    std::vector<std::byte> books() const {
        wire::OfficeStateWriter out;
        office_.write_books(out);
        return out.take();
    }
    // From now on `successor` gets all messages.
    auto hand_over() { return successor_.take_books(books()); }
    void deliver_on(const std::vector<Envelope>& arrived) { deliver_each(successor_, arrived); }

    PostOffice successor_{
        {kHome, "ME", {"LAB"}},
        clock_,
        slots_,
        {.senders = 3,
         .reassembly = {.bytes = 20'000, .bytes_per_sender = 10'000, .messages_per_sender = 4}}};
};

TEST_F(Books, say_of_which_memory_they_are_and_all_that_was_counted) {
    deliver({message(1), message(3), message(3), message(1, "other", 8)});
    deliver({part(4, "abcd", 0), message(2, "refused", 9)});
    const auto memories = hand_over();
    ASSERT_EQ(memories.size(), 1u);
    EXPECT_EQ(memories.at("LOG"), kMemory);
    EXPECT_EQ(successor_.counters(), office_.counters());
    EXPECT_EQ(successor_.counters("LOG"), office_.counters("LOG"));
    EXPECT_EQ(all_senders(successor_, "LOG"), all_senders(office_, "LOG"));
    EXPECT_EQ(successor_.next_tick(), office_.next_tick());
}

TEST_F(Books, let_a_stream_go_on_without_loss_and_repeat) {
    deliver({message(1), message(2), message(4)});
    hand_over();
    deliver_on({message(4), message(5), message(3), message(2), message(6)});
    EXPECT_EQ(sequences(), (Numbers{1, 2, 4, 5, 3, 6}));
    EXPECT_EQ(lost_before(), (Numbers{0, 0, 1, 0, 0, 0}));
    EXPECT_EQ(successor_.counters("LOG").lost, Losses{});
    EXPECT_EQ(successor_.counters("LOG").repeats, 2u);
}

TEST_F(Books, complete_a_message_that_was_half_here) {
    deliver({part(1, "abcdef", 0), part(1, "abcdef", 2)});
    hand_over();
    EXPECT_EQ(successor_.counters().half_arrived_bytes, office_.counters().half_arrived_bytes);
    deliver_on({part(1, "abcdef", 1)});
    ASSERT_EQ(slots_.got.size(), 1u);
    EXPECT_EQ(slots_.got[0].text, "abcdef");
    EXPECT_EQ(successor_.counters("LOG").lost, Losses{});
}

TEST_F(Books, know_what_was_given_up) {
    deliver({part(1, "abcd", 0)});
    clock_.advance(kFragmentTimeout);
    office_.tick();
    EXPECT_EQ(lost().fragment_timed_out, 1u);
    hand_over();
    deliver_on({part(1, "abcd", 0), part(1, "abcd", 1), message(2)});
    EXPECT_EQ(sequences(), (Numbers{1, 2}));
    EXPECT_EQ(successor_.counters("LOG").lost, Losses{});
}

TEST_F(Books, let_what_is_half_here_time_out_as_before) {
    deliver({part(1, "abcd", 0)});
    hand_over();
    clock_.advance(kFragmentTimeout);
    successor_.tick();
    EXPECT_EQ(successor_.counters("LOG").lost.fragment_timed_out, 1u);
}

TEST_F(Books, tell_a_loss_that_no_message_has_told_yet) {
    deliver({message(1), end(4)});
    hand_over();
    deliver_on({message(4)});
    EXPECT_EQ(lost_before(), (Numbers{0, 2}));
}

TEST_F(Books, forget_the_sender_that_was_silent_for_longest_first) {
    for (const std::uint64_t origin : {1, 2, 3}) {
        deliver({message(1, "x", origin)});
        clock_.advance(1s);
    }
    deliver({message(2, "x", 1)});
    hand_over();
    clock_.advance(1s);
    deliver_on({message(1, "x", 4)});
    std::vector<std::uint64_t> known;
    for (const SenderCounters& sender : all_senders(successor_, "LOG"))
        known.push_back(sender.origin);
    EXPECT_EQ(known, (Numbers{1, 3, 4}));
}

// As after a kill: the readable part of the books counts.
TEST_F(Books, may_be_cut_anywhere_or_be_damaged) {
    deliver({message(1), message(3), part(4, "abcd", 0), message(1, "x", 8)});
    const std::vector<std::byte> whole = books();
    for (std::size_t size = 0; size < whole.size(); ++size) {
        PostOffice cut({kHome, "ME", {}}, clock_, slots_);
        cut.take_books(Bytes(whole).first(size));
        deliver_each(cut, std::vector{message(5), part(4, "abcd", 1)});
        std::vector<std::byte> damaged = whole;
        damaged[size] ^= std::byte{0xff};
        PostOffice bent({kHome, "ME", {}}, clock_, slots_);
        bent.take_books(damaged);
        deliver_each(bent, std::vector{message(5), part(4, "abcd", 1)});
        bent.tick();
    }
}

}  // namespace
}  // namespace mailslot::post
