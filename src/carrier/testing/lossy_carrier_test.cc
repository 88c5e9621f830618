#include "carrier/testing/lossy_carrier.h"

#include <gtest/gtest.h>

#include <algorithm>

#include "base/testing/fake_clock.h"
#include "carrier/testing/collect.h"
#include "carrier/testing/fake_carrier.h"

namespace mailslot {
namespace {

using namespace std::chrono_literals;

class LossyCarrierTest : public testing::Test {
protected:
    // Sends a thousand empty messages through a network with these faults.
    LossyCarrier& send_thousand(const Faults& faults, std::uint64_t seed = 1) {
        auto inner = std::make_unique<FakeCarrier>(network_, IpAddress::v4(10, 0, 0, 1));
        lossy_ = std::make_unique<LossyCarrier>(std::move(inner), faults, seed, clock_);
        EXPECT_TRUE(lossy_->start());
        FakeCarrier writer(network_, IpAddress::v4(10, 0, 0, 2));
        std::vector<Envelope> messages(1000);
        for (std::size_t i = 0; i < messages.size(); ++i) messages[i].sequence = i + 1;
        EXPECT_EQ(writer.send({}, messages).value(), 1000u);
        received_.clear();
        collect(*lossy_, received_, 1000);
        return *lossy_;
    }
    std::vector<std::uint64_t> sequences() const {
        std::vector<std::uint64_t> out;
        for (const OwnedEnvelope& e : received_) out.push_back(e.view().sequence);
        return out;
    }

    FakeNetwork network_;
    FakeClock clock_;
    std::unique_ptr<LossyCarrier> lossy_;
    Received received_;
};

TEST_F(LossyCarrierTest, loses_about_as_many_as_it_was_told_and_counts_them) {
    const LossyCarrier& lossy = send_thousand({.lose = 0.2});
    EXPECT_EQ(received_.size(), 1000 - lossy.damage().lost);
    EXPECT_NEAR(static_cast<double>(lossy.damage().lost), 200, 60);
}

TEST_F(LossyCarrierTest, does_the_same_again_with_the_same_seed_and_other_things_with_another) {
    const Faults faults{.lose = 0.1, .repeat = 0.1, .reorder = 0.1};
    send_thousand(faults, 7);
    const auto first = sequences();
    send_thousand(faults, 7);
    EXPECT_EQ(sequences(), first);
    send_thousand(faults, 8);
    EXPECT_NE(sequences(), first);
}

TEST_F(LossyCarrierTest, repeats) {
    const LossyCarrier& lossy = send_thousand({.repeat = 0.1});
    EXPECT_GT(lossy.damage().repeated, 0u);
    EXPECT_EQ(received_.size(), 1000 + lossy.damage().repeated);
}

TEST_F(LossyCarrierTest, reorders_without_losing) {
    send_thousand({.reorder = 0.1});
    auto got = sequences();
    EXPECT_FALSE(std::ranges::is_sorted(got));
    std::ranges::sort(got);
    for (std::size_t i = 0; i < 1000; ++i) EXPECT_EQ(got.at(i), i + 1);
}

TEST_F(LossyCarrierTest, counts_a_cut_packet_as_bad) {
    const LossyCarrier& lossy = send_thousand({.cut = 0.1});
    EXPECT_GT(lossy.counters().rx_bad_packet, 0u);
    EXPECT_EQ(received_.size() + lossy.counters().rx_bad_packet, 1000u);
}

TEST_F(LossyCarrierTest, hands_delayed_messages_over_when_their_time_has_come) {
    LossyCarrier& lossy = send_thousand({.delay = 1, .max_delay = 50ms});
    EXPECT_EQ(received_.size(), 0u);
    EXPECT_EQ(lossy.held_back(), 1000u);
    clock_.advance(25ms);
    collect(lossy, received_, 1000);
    EXPECT_GT(received_.size(), 0u);
    EXPECT_LT(received_.size(), 1000u);
    clock_.advance(25ms);
    collect(lossy, received_, 1000);
    EXPECT_EQ(received_.size(), 1000u);
}

}  // namespace
}  // namespace mailslot
