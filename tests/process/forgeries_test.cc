// A million datagrams that no holder of the key meant for this machine: none of them is accepted.
#include <gtest/gtest.h>

#include <array>
#include <cstdlib>
#include <iostream>
#include <map>
#include <random>
#include <string>
#include <vector>

#include "base/testing/fake_clock.h"
#include "trust/opener.h"
#include "trust/testing/test_keys.h"
#include "wire/frame.h"

namespace mailslot::trust {
namespace {

constexpr int kForgeries = 1'000'000;
constexpr unsigned kLab = 1, kLabNext = 50, kSales = 100, kStranger = 150;
const IpAddress kHere = IpAddress::v4(10, 0, 0, 1), kThere = IpAddress::v4(10, 0, 0, 2);

using Datagram = std::vector<std::byte>;

class Forger {
public:
    explicit Forger(std::uint64_t seed) : random_(seed) {}

    // Returns a datagram that a holder of the key really sends: to everybody, to LAB, to
    // this address.
    Datagram genuine(unsigned key = kLab, const IpAddress& target = kHere) {
        Envelope envelope;
        const std::uint64_t what = random_() % 3;
        envelope.scope = what == 0 ? Scope::everybody : what == 1 ? Scope::named : Scope::direct;
        if (what == 1) envelope.to = "LAB";
        envelope.slot = "LOG";
        envelope.from_host = "alpha";
        envelope.origin = 1 + random_() % 4;
        envelope.sequence = ++sequence_;
        envelope.sent_at_us = clock_.unix_microseconds();
        const std::string text(random_() % 300, 'x');
        envelope.payload = as_bytes(text);
        std::array<std::byte, kMaxDatagramBytes> buffer;
        wire::FrameWriter writer(buffer, envelope);
        EXPECT_TRUE(writer.add(envelope));
        const Bytes plain = writer.finish();
        Datagram out(plain.size() + wire::kSealBytes);
        const Secret& secret = secret_of(key);
        const Target to = what == 2 ? target_of(target) : Target{};
        EXPECT_FALSE(seal(out, plain, secret, secret.id(), {7, 8, ++counter_}, to).empty());
        return out;
    }

    // Kinds of datagrams that must be refused, each counted.
    enum Kind {
        replayed,
        flipped,
        several_flipped,
        cut,
        longer,
        spliced,
        another_key,
        another_id,
        restamped,
        readdressed,
        random_bytes,
        kKinds
    };
    Datagram forge(Kind kind, const std::vector<Datagram>& recorded,
                   const std::vector<Datagram>& for_others) {
        Datagram datagram = one_of(recorded);
        switch (kind) {
            case replayed:
                return datagram;
            case several_flipped:
                for (int i = 0; i < 5; ++i) flip(datagram);
                [[fallthrough]];
            case flipped:
                return flip(datagram);
            case cut:
                datagram.resize(random_() % datagram.size());
                return datagram;
            case longer:
                datagram.resize(datagram.size() + 1 + random_() % 100, std::byte(random_()));
                return datagram;
            case spliced:
                return splice(datagram, one_of(recorded));
            case another_key:
                return genuine(kStranger);
            case another_id:  // sealed with a stranger's key, but named as LAB's
                return rename(genuine(kStranger), kLab);
            case restamped:
                for (std::size_t i = 8; i < kClearBytes; ++i) datagram[i] = std::byte(random_());
                return datagram;
            case readdressed:
                return one_of(for_others);
            default:
                for (std::size_t i = kClearBytes; i < datagram.size(); ++i) {
                    datagram[i] = std::byte(random_());
                }
                datagram[31] ^= std::byte{0x55};
                return datagram;
        }
    }

    FakeClock clock_;

private:
    const Datagram& one_of(const std::vector<Datagram>& all) { return all[random_() % all.size()]; }
    // Flips a bit, but never in the first bytes, after which it would be a plain frame of
    // another version.
    Datagram flip(Datagram& datagram) {
        const std::size_t bit = 32 + random_() % (datagram.size() * 8 - 32);
        datagram[bit / 8] ^= std::byte(1 << bit % 8);
        return datagram;
    }
    Datagram splice(const Datagram& head, const Datagram& tail) {
        const std::size_t most = std::min(head.size(), tail.size());
        const std::size_t at = 32 + random_() % (most - 33);
        Datagram out(head.begin(), head.begin() + static_cast<std::ptrdiff_t>(at));
        out.insert(out.end(), tail.begin() + static_cast<std::ptrdiff_t>(at), tail.end());
        return out;
    }
    Datagram rename(Datagram datagram, unsigned key) {
        const KeyId id = secret_of(key).id();
        std::copy(id.begin(), id.end(), datagram.begin() + 4);
        return datagram;
    }

    // Made once, because each secret has pages of its own.
    const Secret& secret_of(unsigned key) {
        const auto known = secrets_.find(key);
        return known != secrets_.end() ? known->second
                                       : secrets_.emplace(key, test_secret(key)).first->second;
    }

    std::mt19937_64 random_;
    std::map<unsigned, Secret> secrets_;
    std::uint64_t sequence_ = 0, counter_ = 0;
};

TEST(Forgeries, of_a_million_none_is_taken) {
    const char* const given = std::getenv("MAILSLOT_SEED");
    const std::uint64_t seed =
        given != nullptr ? std::strtoull(given, nullptr, 10) : std::random_device{}();
    std::cout << "MAILSLOT_SEED=" << seed << "\n";
    Forger forger(seed);
    ReplayWindows windows;
    Opener opener(
        Keys::of(test_ring(test_domain("LAB", kLab, kLabNext), test_domain("SALES", kSales)),
                 "LAB"),
        forger.clock_, windows);
    Parcel parcel;
    opener.begin_batch();
    // Recordings of the forger: heard here once, and sent to others.
    std::vector<Datagram> recorded, for_others;
    for (int i = 0; i < 500; ++i) {
        recorded.push_back(forger.genuine());
        Datagram heard = recorded.back();
        ASSERT_EQ(opener.take(heard, kHere, parcel), Verdict::taken);
    }
    while (for_others.size() < 500) {
        Datagram datagram = forger.genuine(kLab, kThere);
        Datagram there = datagram;
        ReplayWindows its_windows;
        Opener another(Keys::of(test_ring(test_domain("LAB", kLab))), forger.clock_, its_windows);
        another.begin_batch();
        ASSERT_EQ(another.take(there, kThere, parcel), Verdict::taken);
        if (parcel.envelope.scope == Scope::direct) for_others.push_back(std::move(datagram));
    }
    std::array<int, Forger::kKinds> taken_of_kind{};
    for (int i = 0; i < kForgeries; ++i) {
        const auto kind = static_cast<Forger::Kind>(i % Forger::kKinds);
        Datagram forged = forger.forge(kind, recorded, for_others);
        taken_of_kind[kind] += opener.take(forged, kHere, parcel) == Verdict::taken;
    }
    EXPECT_EQ(taken_of_kind, (std::array<int, Forger::kKinds>{}));
    // Genuine datagrams are still accepted.
    Datagram last = forger.genuine();
    EXPECT_EQ(opener.take(last, kHere, parcel), Verdict::taken);
    EXPECT_EQ(windows.sealers(), 1u);
}

}  // namespace
}  // namespace mailslot::trust
