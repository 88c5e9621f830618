#include "post/ring_bits.h"

#include <gtest/gtest.h>

#include <bitset>
#include <random>

namespace mailslot::post {
namespace {

constexpr std::uint64_t kSize = kRepeatWindow;

TEST(RingBits, sets_and_takes_back_numbers_in_a_row) {
    RingBits bits;
    bits.set(60, 10);  // over the end of a word
    EXPECT_FALSE(bits[59]);
    EXPECT_TRUE(bits.has_all(60, 10));
    EXPECT_FALSE(bits.has_all(60, 11));
    bits.reset(64);
    EXPECT_FALSE(bits.has_all(60, 10));
    EXPECT_TRUE(bits.has_all(60, 4));
    EXPECT_TRUE(bits.has_all(65, 5));
}

TEST(RingBits, goes_round) {
    RingBits bits;
    bits.set(kSize - 2, 4);
    EXPECT_TRUE(bits[kSize + 1]);
    EXPECT_TRUE(bits[1]);
    EXPECT_FALSE(bits[2]);
    EXPECT_TRUE(bits.has_all(5 * kSize - 2, 4));
}

TEST(RingBits, of_more_than_it_has_takes_the_last_ones) {
    RingBits bits;
    bits.set(3, kSize + 5);
    EXPECT_TRUE(bits.has_all(8, kSize));
    bits.reset(0, 3 * kSize);
    for (std::uint64_t i = 0; i < kSize; ++i) EXPECT_FALSE(bits[i]);
}

TEST(RingBits, of_none_says_that_all_are_there_and_changes_none) {
    RingBits bits;
    EXPECT_TRUE(bits.has_all(7, 0));
    bits.set(7, 0);
    EXPECT_FALSE(bits[7]);
}

// Compares with bits that are set one by one.
TEST(RingBits, does_what_one_bit_at_a_time_does) {
    std::mt19937_64 random(7);
    RingBits bits;
    std::bitset<kSize> plain;
    for (int round = 0; round < 20'000; ++round) {
        const std::uint64_t first = random() % (4 * kSize), count = random() % 200;
        if (round % 2 == 0) {
            bits.set(first, count);
            for (std::uint64_t i = 0; i < count; ++i) plain.set((first + i) % kSize);
        } else {
            bits.reset(first, count);
            for (std::uint64_t i = 0; i < count; ++i) plain.reset((first + i) % kSize);
        }
        bool has_all = true;
        const std::uint64_t asked = random() % kSize, most = random() % 70;
        for (std::uint64_t i = 0; i < most; ++i) has_all = has_all && plain[(asked + i) % kSize];
        ASSERT_EQ(bits.has_all(asked, most), has_all);
    }
    for (std::uint64_t i = 0; i < kSize; ++i) ASSERT_EQ(bits[i], plain[i]);
}

}  // namespace
}  // namespace mailslot::post
