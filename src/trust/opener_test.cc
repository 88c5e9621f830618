#include "trust/opener.h"

#include <gtest/gtest.h>

#include <array>
#include <optional>
#include <string>
#include <tuple>
#include <vector>

#include "base/testing/fake_clock.h"
#include "trust/testing/test_keys.h"
#include "wire/frame.h"

namespace mailslot::trust {
namespace {

using namespace std::chrono_literals;

const IpAddress kHere = IpAddress::v4(10, 0, 0, 1), kThere = IpAddress::v4(10, 0, 0, 2);
constexpr unsigned kLab = 1, kLabNext = 50, kSales = 100;

class OpenerTest : public testing::Test {
protected:
    Envelope message(Scope scope = Scope::everybody, std::string_view to = "") const {
        Envelope envelope;
        envelope.scope = scope;
        envelope.to = to;
        envelope.slot = "S";
        envelope.from_host = "h";
        envelope.origin = 5;
        envelope.sequence = 1;
        envelope.sent_at_us = clock_.unix_microseconds();
        envelope.payload = as_bytes("hello");
        return envelope;
    }
    static std::vector<std::byte> frame(const Envelope& envelope) {
        std::array<std::byte, kMaxDatagramBytes> buffer;
        wire::FrameWriter writer(buffer, envelope);
        EXPECT_TRUE(writer.add(envelope));
        const Bytes made = writer.finish();
        return {made.begin(), made.end()};
    }
    std::vector<std::byte> sealed(const Envelope& envelope, unsigned key = kLab,
                                  const IpAddress& target = {}) {
        const Secret secret = test_secret(key);
        const auto plain = frame(envelope);
        std::vector<std::byte> out(plain.size() + wire::kSealBytes);
        ++stamp_.counter;
        seal(out, plain, secret, secret.id(), stamp_, target_of(target));
        return out;
    }
    struct Taken {
        Verdict verdict{};
        Parcel parcel{};
    };
    Taken take(std::vector<std::byte> datagram, const IpAddress& came_to = kHere) {
        datagram_ = std::move(datagram);
        opener_->begin_batch();
        Taken taken;
        taken.verdict = opener_->take(datagram_, came_to, taken.parcel);
        return taken;
    }
    void use(std::shared_ptr<Keys> keys) { opener_.emplace(std::move(keys), clock_, windows_); }
    Verdict verdict(std::vector<std::byte> datagram, const IpAddress& came_to = kHere) {
        return take(std::move(datagram), came_to).verdict;
    }

    FakeClock clock_;
    ReplayWindows windows_;
    std::shared_ptr<Keys> keys_ = Keys::of(
        test_ring(test_domain("Lab", kLab, kLabNext), test_domain("Sales", kSales)), "Lab");
    std::optional<Opener> opener_{std::in_place, keys_, clock_, windows_};
    Stamp stamp_{7, 8, 0};
    std::vector<std::byte> datagram_;
};

TEST_F(OpenerTest, opens_what_is_sealed_with_any_of_its_keys_and_says_whose) {
    for (const auto& [key, domain] :
         {std::pair(kLab, "LAB"), std::pair(kLabNext, "LAB"), std::pair(kSales, "SALES")}) {
        const auto taken = take(sealed(message(), key));
        ASSERT_EQ(taken.verdict, Verdict::taken);
        EXPECT_EQ(taken.parcel.envelope.trust, Trust::domain);
        EXPECT_EQ(taken.parcel.envelope.domain, domain);
        EXPECT_FALSE(taken.parcel.envelope.is_refused);
        EXPECT_EQ(as_text(taken.parcel.front().payload), "hello");
    }
}

TEST_F(OpenerTest, takes_plain_frames_as_they_are_but_marks_those_for_a_domain_with_a_key) {
    const auto taken = take(frame(message()));
    EXPECT_EQ(taken.verdict, Verdict::taken);
    EXPECT_EQ(taken.parcel.envelope.trust, Trust::none);
    EXPECT_FALSE(taken.parcel.envelope.is_refused);
    EXPECT_FALSE(take(frame(message(Scope::named, "HOST"))).parcel.envelope.is_refused);
    EXPECT_TRUE(take(frame(message(Scope::named, "LAB"))).parcel.envelope.is_refused);
}

TEST_F(OpenerTest, takes_nothing_for_a_domain_that_came_under_another_ones_key) {
    EXPECT_EQ(verdict(sealed(message(Scope::named, "LAB"), kLabNext)), Verdict::taken);
    EXPECT_EQ(verdict(sealed(message(Scope::named, "LAB"), kSales)), Verdict::not_trusted);
    EXPECT_EQ(verdict(sealed(message(Scope::named, "HOST"), kSales)), Verdict::taken);
}

TEST_F(OpenerTest, takes_nothing_under_a_key_that_it_lacks) {
    EXPECT_EQ(verdict(sealed(message(), 77)), Verdict::sealed);
    use(nullptr);
    EXPECT_EQ(verdict(sealed(message())), Verdict::sealed);
    EXPECT_EQ(verdict(frame(message(Scope::named, "LAB"))), Verdict::taken);
}

TEST_F(OpenerTest, takes_a_datagram_once) {
    const auto datagram = sealed(message());
    EXPECT_EQ(verdict(datagram), Verdict::taken);
    EXPECT_EQ(verdict(datagram), Verdict::copy);
    auto forged = datagram;  // a known counter is refused unopened
    forged.back() ^= std::byte{1};
    EXPECT_EQ(verdict(forged), Verdict::copy);
}

TEST_F(OpenerTest, says_of_a_copy_how_far_its_sender_has_come) {
    const auto one = sealed(message());
    Envelope second = message();
    second.slot = "other";
    second.sequence = 9;
    const auto other = sealed(second);
    EXPECT_EQ(verdict(one), Verdict::taken);
    EXPECT_EQ(verdict(other), Verdict::taken);
    for (const auto& [datagram, slot, next] :
         {std::tuple(one, "S", 2u), std::tuple(other, "other", 10u)}) {
        const auto copy = take(datagram);
        EXPECT_EQ(copy.verdict, Verdict::copy);
        EXPECT_EQ(copy.parcel.envelope.kind, Kind::copy);
        EXPECT_EQ(copy.parcel.envelope.slot, slot);
        EXPECT_EQ(copy.parcel.envelope.origin, 5u);
        EXPECT_EQ(copy.parcel.envelope.sequence, next);
    }
    use(keys_);  // a new office with the old office's windows
    EXPECT_EQ(take(one).parcel.envelope.kind, Kind::message);
}

TEST_F(OpenerTest, remembers_copies_of_bounded_many_slots) {
    std::vector<std::byte> last;
    for (std::size_t i = 0; i < 3 * RecentlyTaken::kMostSlots; ++i) {
        Envelope one = message();
        const std::string slot = "slot" + std::to_string(i);
        one.slot = slot;
        last = sealed(one);
        EXPECT_EQ(verdict(last), Verdict::taken);
    }
    EXPECT_EQ(take(last).verdict, Verdict::copy);
}

TEST_F(OpenerTest, notes_no_counter_of_a_forgery) {
    auto forged = sealed(message());
    const auto good = forged;
    forged.back() ^= std::byte{1};
    EXPECT_EQ(verdict(forged), Verdict::not_trusted);
    EXPECT_EQ(windows_.sealers(), 0u);
    EXPECT_EQ(verdict(good), Verdict::taken);
}

TEST_F(OpenerTest, takes_nothing_again_when_the_clock_is_set_back) {
    const auto old = sealed(message());
    EXPECT_EQ(verdict(old), Verdict::taken);
    clock_.advance(kSealersFor + 1s);
    stamp_.sender_id = 8;
    EXPECT_EQ(verdict(sealed(message())), Verdict::taken);  // the first sender is forgotten
    EXPECT_EQ(verdict(old), Verdict::wrong_time);
    clock_.set_wall_back(kSealersFor);
    EXPECT_EQ(verdict(old), Verdict::wrong_time);
    EXPECT_EQ(verdict(sealed(message())), Verdict::taken) << "of one that is known";
}

TEST_F(OpenerTest, takes_what_was_sent_to_its_address_and_to_no_other) {
    const auto datagram = sealed(message(Scope::direct), kLab, kHere);
    EXPECT_EQ(verdict(datagram, kThere), Verdict::not_trusted);
    EXPECT_EQ(verdict(datagram, kHere), Verdict::taken);
    // A direct message without target, and a message to all with a target: our writers make
    // neither.
    EXPECT_EQ(verdict(sealed(message(Scope::direct))), Verdict::not_trusted);
    EXPECT_EQ(verdict(sealed(message(), kLab, kHere)), Verdict::not_trusted);
}

TEST_F(OpenerTest, takes_nothing_ten_minutes_early_or_late) {
    for (const auto& [off, expected] :
         {std::pair(600s, Verdict::taken), std::pair(601s, Verdict::wrong_time),
          std::pair(-600s, Verdict::taken), std::pair(-601s, Verdict::wrong_time)}) {
        Envelope envelope = message();
        envelope.sent_at_us += std::chrono::microseconds(off).count();
        EXPECT_EQ(verdict(sealed(envelope)), expected) << off.count();
    }
}

TEST_F(OpenerTest, tells_damage_from_strangers) {
    auto short_one = sealed(message());
    short_one.resize(wire::kFrameHeaderBytes + wire::kSealBytes - 1);
    EXPECT_EQ(verdict(short_one), Verdict::bad_packet);
    auto later = frame(message());
    later[2] = std::byte{2};
    EXPECT_EQ(verdict(later), Verdict::unknown_version);
    // A key holder that seals rubbish.
    const Secret secret = test_secret(kLab);
    std::vector<std::byte> rubbish(100, std::byte{9}), out(160);
    rubbish[0] = std::byte{0x6d}, rubbish[1] = std::byte{0x73}, rubbish[2] = std::byte{1};
    rubbish[3] = std::byte{0};
    seal(out, rubbish, secret, secret.id(), {9, 9, 1}, {});
    EXPECT_EQ(verdict(out), Verdict::unknown_version);  // kind 9
}

TEST_F(OpenerTest, takes_nothing_in_the_clear_for_a_domain_whose_key_this_user_may_not_read) {
    use(Keys::of(test_ring(DomainKeys{.domain = "LAB", .folded = "LAB"})));
    EXPECT_TRUE(take(frame(message(Scope::named, "LAB"))).parcel.envelope.is_refused);
    EXPECT_EQ(verdict(sealed(message(Scope::named, "LAB"))), Verdict::sealed);
}

}  // namespace
}  // namespace mailslot::trust
