#include "post/reassembly.h"

#include <gtest/gtest.h>

#include <chrono>
#include <string>

namespace mailslot::post {
namespace {

using namespace std::chrono_literals;
using Outcome = Reassembly::Outcome;

constexpr Clock::Instant kStart{1h};

Envelope part(std::uint64_t sequence, std::string_view whole, std::uint16_t chunk,
              std::uint32_t number) {
    const std::uint32_t offset = number * chunk;
    return {.kind = Kind::fragment,
            .slot = "Slot",
            .from_host = "box",
            .origin = 9,
            .sequence = sequence,
            .format = Format::text,
            .payload = as_bytes(whole.substr(offset, chunk)),
            .total_bytes = static_cast<std::uint32_t>(whole.size()),
            .offset = offset,
            .chunk_bytes = chunk};
}

class ReassemblyTest : public testing::Test {
protected:
    Outcome add(const Envelope& fragment, Clock::Instant now = kStart, std::uint64_t origin = 9) {
        return reassembly_.add({&slot_, origin}, fragment, now, evicted_);
    }
    SlotBook slot_;
    std::vector<Reassembly::Key> evicted_;
    Reassembly reassembly_{{.bytes = 20'000, .bytes_per_sender = 10'000, .messages_per_sender = 4}};
};

TEST_F(ReassemblyTest, puts_parts_together_in_any_order) {
    EXPECT_EQ(add(part(1, "abcdefgh", 3, 2)), Outcome::kept);
    EXPECT_EQ(add(part(1, "abcdefgh", 3, 0)), Outcome::kept);
    EXPECT_EQ(add(part(1, "abcdefgh", 3, 1)), Outcome::complete);
    const Envelope whole = reassembly_.take({&slot_, 9}, 1);
    EXPECT_EQ(as_text(whole.payload), "abcdefgh");
    EXPECT_EQ(whole.kind, Kind::message);
    EXPECT_EQ(whole.slot, "Slot");
    EXPECT_EQ(whole.from_host, "box");
    EXPECT_EQ(whole.sequence, 1u);
    EXPECT_EQ(whole.format, Format::text);
    EXPECT_EQ(reassembly_.bytes(), 0u);
    EXPECT_EQ(reassembly_.messages(), 0u);
}

TEST_F(ReassemblyTest, borrows_nothing_from_the_fragments) {
    std::string host = "a host whose name is longer than a small string", text = "abcdef";
    Envelope first = part(1, text, 3, 0);
    first.from_host = host;
    add(first);
    host.assign(host.size(), '?');
    text.assign(text.size(), '?');
    ASSERT_EQ(add(part(1, "abcdef", 3, 1)), Outcome::complete);
    const Envelope whole = reassembly_.take({&slot_, 9}, 1);
    EXPECT_EQ(as_text(whole.payload), "abcdef");
    EXPECT_EQ(whole.from_host, "a host whose name is longer than a small string");
}

TEST_F(ReassemblyTest, keeps_messages_and_senders_apart) {
    add(part(1, "aaaa", 2, 0));
    add(part(2, "bbbb", 2, 0));
    add(part(1, "cccc", 2, 0), kStart, 10);
    ASSERT_EQ(add(part(1, "aaaa", 2, 1)), Outcome::complete);
    EXPECT_EQ(as_text(reassembly_.take({&slot_, 9}, 1).payload), "aaaa");
    ASSERT_EQ(add(part(1, "cccc", 2, 1), kStart, 10), Outcome::complete);
    EXPECT_EQ(as_text(reassembly_.take({&slot_, 10}, 1).payload), "cccc");
    EXPECT_EQ(reassembly_.messages(), 1u);
}

TEST_F(ReassemblyTest, ignores_copies_even_with_other_bytes) {
    add(part(1, "abcd", 2, 0));
    const std::size_t before = reassembly_.bytes();
    EXPECT_EQ(add(part(1, "XXcd", 2, 0)), Outcome::copy);
    EXPECT_EQ(reassembly_.bytes(), before);
    ASSERT_EQ(add(part(1, "abcd", 2, 1)), Outcome::complete);
    EXPECT_EQ(as_text(reassembly_.take({&slot_, 9}, 1).payload), "abcd");
}

TEST_F(ReassemblyTest, refuses_parts_of_another_total_size_part_size_format_or_trust) {
    add(part(1, "abcdef", 2, 0));
    EXPECT_EQ(add(part(1, "abcdefgh", 2, 1)), Outcome::differs);
    EXPECT_EQ(add(part(1, "abcdef", 3, 1)), Outcome::differs);
    Envelope other = part(1, "abcdef", 2, 1);
    other.format = Format::bytes;
    EXPECT_EQ(add(other), Outcome::differs);
    other = part(1, "abcdef", 2, 1);
    other.trust = Trust::domain;
    EXPECT_EQ(add(other), Outcome::differs);
    EXPECT_EQ(add(part(1, "abcdef", 2, 1)), Outcome::kept);
}

TEST_F(ReassemblyTest, pays_for_what_came_not_for_what_was_announced) {
    Envelope forged = part(1, "ab", 1, 1);
    forged.total_bytes = kMaxNetworkMessageBytes;
    add(forged);
    EXPECT_LT(reassembly_.bytes(), 1300u);
}

TEST_F(ReassemblyTest, times_out_after_the_last_new_part) {
    EXPECT_EQ(reassembly_.next_time_out(), std::nullopt);
    add(part(1, "abcdef", 2, 0), kStart);
    add(part(2, "abcdef", 2, 0), kStart + 100ms);
    add(part(1, "abcdef", 2, 1), kStart + 200ms);
    add(part(2, "abcdef", 2, 0), kStart + 300ms);  // a copy: no new part
    EXPECT_EQ(reassembly_.next_time_out(), kStart + 100ms + kFragmentTimeout);
    EXPECT_FALSE(reassembly_.take_timed_out(kStart + 99ms + kFragmentTimeout));
    const auto late = reassembly_.take_timed_out(kStart + 100ms + kFragmentTimeout);
    ASSERT_TRUE(late);
    EXPECT_EQ(late->sequence, 2u);
    EXPECT_EQ(reassembly_.next_time_out(), kStart + 200ms + kFragmentTimeout);
    EXPECT_EQ(reassembly_.messages(), 1u);
}

TEST_F(ReassemblyTest, drops_the_senders_own_oldest_when_it_has_too_many) {
    add(part(1, "abcd", 2, 0), kStart, 5);  // older, but of another sender
    for (std::uint64_t s = 1; s <= 5; ++s) add(part(s, "abcdef", 2, 0));
    ASSERT_EQ(evicted_.size(), 1u);
    EXPECT_EQ(evicted_[0].sender.origin, 9u);
    EXPECT_EQ(evicted_[0].sequence, 1u);
    EXPECT_EQ(reassembly_.messages(), 5u);
}

TEST_F(ReassemblyTest, drops_the_senders_own_oldest_when_it_has_too_many_bytes) {
    const std::string big(12'000, 'x');
    for (std::uint64_t s = 1; s <= 3; ++s) add(part(s, big, 3000, 0));
    EXPECT_EQ(evicted_.size(), 1u);
    EXPECT_EQ(evicted_.at(0).sequence, 1u);
    EXPECT_LE(reassembly_.bytes(), 10'000u);
}

TEST_F(ReassemblyTest, drops_a_message_that_alone_is_over_the_limit_of_its_sender) {
    const std::string big(12'000, 'x');
    for (std::uint32_t n = 0; n < 3; ++n) add(part(1, big, 3000, n));
    ASSERT_EQ(evicted_.size(), 1u);
    EXPECT_EQ(reassembly_.messages(), 0u);
    EXPECT_EQ(reassembly_.bytes(), 0u);
}

TEST_F(ReassemblyTest, drops_the_oldest_of_all_when_all_have_too_many_bytes) {
    const std::string big(12'000, 'x');
    for (std::uint64_t origin = 1; origin <= 6; ++origin)
        add(part(1, big, 3000, 0), kStart, origin);
    ASSERT_EQ(evicted_.size(), 2u);
    EXPECT_EQ(evicted_[0].sender.origin, 1u);
    EXPECT_EQ(evicted_[1].sender.origin, 2u);
    EXPECT_LE(reassembly_.bytes(), 20'000u);
}

TEST_F(ReassemblyTest, drops_one_or_all_of_a_sender_on_demand) {
    for (std::uint64_t s = 1; s <= 3; ++s) add(part(s, "abcd", 2, 0));
    add(part(1, "abcd", 2, 0), kStart, 10);
    reassembly_.drop({&slot_, 9}, 2);
    reassembly_.drop({&slot_, 9}, 77);
    EXPECT_EQ(reassembly_.drop_all({&slot_, 9}), (std::vector<std::uint64_t>{1, 3}));
    EXPECT_EQ(reassembly_.messages(), 1u);
}

TEST(SoundFragment, needs_offset_sizes_and_payload_that_fit_together) {
    const std::string whole(10, 'x');
    EXPECT_TRUE(is_sound_fragment(part(1, whole, 4, 0)));
    EXPECT_TRUE(is_sound_fragment(part(1, whole, 4, 2)));   // the short last part
    EXPECT_TRUE(is_sound_fragment(part(1, whole, 10, 0)));  // the only part
    const auto broken = [&](auto&& change) {
        Envelope fragment = part(1, whole, 4, 1);
        change(fragment);
        return !is_sound_fragment(fragment);
    };
    EXPECT_TRUE(broken([](Envelope& f) { f.chunk_bytes = 0; }));
    EXPECT_TRUE(broken([](Envelope& f) { f.offset = 3; }));
    EXPECT_TRUE(broken([](Envelope& f) { f.offset = 12; }));
    EXPECT_TRUE(broken([](Envelope& f) { f.total_bytes = 0; }));
    EXPECT_TRUE(broken([](Envelope& f) { f.total_bytes = kMaxNetworkMessageBytes + 1; }));
    EXPECT_TRUE(broken([](Envelope& f) { f.payload = f.payload.first(3); }));
    EXPECT_TRUE(broken([](Envelope& f) { f.offset = 8; }));  // payload longer than the rest
    EXPECT_TRUE(broken([](Envelope& f) { f.payload = {}; }));
}

}  // namespace
}  // namespace mailslot::post
