#include "trust/seal.h"

#include <gtest/gtest.h>

#include <array>
#include <string>
#include <vector>

#include "trust/testing/test_keys.h"
#include "wire/testing/hex.h"

namespace mailslot::trust {
namespace {

using wire::from_hex;

// The worked packet of docs/protocol/frame.md, also in frame_test.cc.
const std::vector<std::byte> kPlain = from_hex(
    "6d73 01 00 01 01 01 05 0000 0008 1122334455667788 a1a2a3a4a5a6a7a8 0000000000000007"
    "000660dc3778d000 00015f90 616c706861 4c495354454e4552 0002 01 00000000 0005 48454c4c4f"
    "00 000000fa 0002 00ff");
constexpr Stamp kStamp{0x5152535455565758, 0x000660dc33e54900, 1};

std::vector<std::byte> sealed(Bytes plain = kPlain, const Stamp& stamp = kStamp,
                              const Target& target = {}) {
    const Secret secret = test_secret(0);
    std::vector<std::byte> out(plain.size() + wire::kSealBytes);
    EXPECT_EQ(seal(out, plain, secret, secret.id(), stamp, target).size(), out.size());
    return out;
}

// Made by another implementation: the cipher written in Python from draft-irtf-cfrg-xchacha-03 and
// RFC 8439 and checked with the draft's vector (A.3.1); BLAKE2b from hashlib.
TEST(Seal, makes_the_worked_packet) {
    EXPECT_EQ(sealed(), from_hex("6d73 01 01"
                                 "68b7c195 5152535455565758 000660dc33e54900 0000000000000001"
                                 "5bd705afc351f1ee98a11b599227d924b497437417c76000e91e5cdca056f2ec"
                                 "c63ea4513d65eae3e111f5e374532da6bdd045e5d2947c72af04311ced0fb04a"
                                 "548f273e20f6d64698de599f5862ca9c8b97be8d52d5530c03d522b4bc255cdb"
                                 "c54aba259cf16f289119a2fb4e2915a9"));
}

TEST(Seal, opens_to_the_same_frame_and_target) {
    for (const IpAddress& address : {IpAddress{}, IpAddress::v4(10, 0, 0, 7),
                                     IpAddress{IpAddress::Family::v6, {0xfe, 0x80, 0, 1}, 3}}) {
        auto datagram = sealed(kPlain, kStamp, target_of(address));
        const auto clear = read_clear(datagram);
        ASSERT_TRUE(clear);
        EXPECT_EQ(clear->key_id, test_secret(0).id());
        EXPECT_EQ(clear->stamp, kStamp);
        const auto opened = open(datagram, test_secret(0));
        ASSERT_TRUE(opened);
        EXPECT_EQ(std::vector(opened->plain.begin(), opened->plain.end()), kPlain);
        EXPECT_EQ(opened->target, target_of(address));
    }
}

TEST(Seal, writes_an_IPv4_target_as_IPv6_has_it_and_leaves_the_link_out) {
    const auto target = target_of(IpAddress::v4(10, 0, 0, 7));
    EXPECT_EQ(std::vector(target.begin(), target.end()),
              from_hex("00000000000000000000ffff0a000007"));
    EXPECT_EQ(target_of({IpAddress::Family::v6, {0xfe}, 3}),
              target_of({IpAddress::Family::v6, {0xfe}, 4}));
}

TEST(Seal, opens_with_no_other_key_and_then_still_with_the_right_one) {
    auto datagram = sealed();
    EXPECT_FALSE(open(datagram, test_secret(1), false));
    EXPECT_TRUE(open(datagram, test_secret(0), false));
    EXPECT_FALSE(open(datagram, test_secret(0)));  // the first open() overwrote the datagram
}

TEST(Seal, refuses_a_frame_of_which_any_bit_was_changed) {
    const auto good = sealed();
    for (std::size_t bit = 0; bit < good.size() * 8; ++bit) {
        auto bad = good;
        bad[bit / 8] ^= std::byte(1 << bit % 8);
        if (!read_clear(bad)) continue;  // another magic, version or flag
        EXPECT_FALSE(open(bad, test_secret(0))) << bit;
    }
}

TEST(Seal, refuses_a_frame_that_was_cut_anywhere_or_made_longer) {
    const auto good = sealed();
    for (std::size_t size = 0; size < good.size(); ++size) {
        auto cut = good;
        cut.resize(size);
        EXPECT_FALSE(read_clear(cut) && open(cut, test_secret(0))) << size;
    }
    auto longer = good;
    longer.push_back({});
    EXPECT_FALSE(open(longer, test_secret(0)));
}

TEST(Seal, takes_only_plain_frames_and_room_enough) {
    const Secret secret = test_secret(0);
    std::array<std::byte, kMaxDatagramBytes> out;
    const auto taken = [&](Bytes plain, std::size_t room) {
        return !seal(std::span(out).first(room), plain, secret, secret.id(), kStamp, {}).empty();
    };
    EXPECT_TRUE(taken(kPlain, kPlain.size() + wire::kSealBytes));
    EXPECT_FALSE(taken(kPlain, kPlain.size() + wire::kSealBytes - 1));
    EXPECT_FALSE(taken(Bytes(kPlain).first(wire::kFrameHeaderBytes - 1), out.size()));
    auto marked = kPlain;
    marked[3] = std::byte{1};
    EXPECT_FALSE(taken(marked, out.size()));
    const std::vector<std::byte> largest(kMaxPlainBytes);
    EXPECT_TRUE(taken(largest, out.size()));
}

TEST(Secret, has_an_id_that_is_the_hash_of_a_text_under_it) {
    EXPECT_EQ(to_string(test_secret(0).id()), "68b7c195");
    EXPECT_NE(test_secret(0).id(), test_secret(1).id());
}

TEST(Secret, is_drawn_anew_each_time) {
    const Secret a = Secret::draw().value(), b = Secret::draw().value();
    EXPECT_FALSE(a.is_zero());
    EXPECT_FALSE(a.is_same(b));
    EXPECT_TRUE(a.is_same(a.copy().value()));
}

}  // namespace
}  // namespace mailslot::trust
