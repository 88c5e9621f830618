#include "post/own_addresses.h"

#include <gtest/gtest.h>

#include "base/testing/fake_clock.h"

namespace mailslot::post {
namespace {

using namespace std::chrono_literals;

class OwnAddressesTest : public testing::Test {
protected:
    void change_to(std::optional<std::vector<IpAddress>> addresses, bool is_told = true) {
        list_ = std::move(addresses);
        changed_ = is_told;
    }

    FakeClock clock_;
    bool changed_ = false;
    IpAddress one_ = IpAddress::v4(10, 0, 0, 1), two_ = IpAddress::v4(10, 0, 0, 2);
    std::optional<std::vector<IpAddress>> list_ = std::vector{one_};
    OwnAddresses addresses_{clock_, [this] { return list_; },
                            [this] { return std::exchange(changed_, false); }};
};

TEST_F(OwnAddressesTest, has_those_of_the_system_and_the_loopback) {
    EXPECT_TRUE(addresses_.has(one_));
    EXPECT_FALSE(addresses_.has(two_));
    EXPECT_TRUE(addresses_.has(IpAddress::v4(127, 0, 0, 1)));
}

TEST_F(OwnAddressesTest, follows_a_change_that_is_told) {
    change_to(std::vector{one_, two_});
    EXPECT_TRUE(addresses_.has(two_));
}

TEST_F(OwnAddressesTest, follows_a_change_that_nobody_tells_within_a_second) {
    change_to(std::vector{one_, two_}, false);
    EXPECT_FALSE(addresses_.has(two_));
    clock_.advance(1s);
    EXPECT_TRUE(addresses_.has(two_));
}

TEST_F(OwnAddressesTest, keeps_an_address_that_went_for_a_while) {
    change_to(std::vector{two_});
    EXPECT_TRUE(addresses_.has(one_));
    clock_.advance(kOursForAWhile);
    EXPECT_TRUE(addresses_.has(one_));
    clock_.advance(1ms);
    EXPECT_FALSE(addresses_.has(one_));
}

TEST_F(OwnAddressesTest, counts_the_while_from_when_the_change_was_seen) {
    clock_.advance(1h);
    change_to(std::vector{two_});
    EXPECT_TRUE(addresses_.has(one_));
}

TEST_F(OwnAddressesTest, forgets_that_an_address_went_when_it_is_back) {
    change_to(std::vector<IpAddress>{});
    EXPECT_TRUE(addresses_.has(one_));
    change_to(std::vector{one_});
    EXPECT_TRUE(addresses_.has(one_));
    clock_.advance(kOursForAWhile + 1s);
    EXPECT_TRUE(addresses_.has(one_));
}

TEST_F(OwnAddressesTest, keeps_its_list_when_the_system_has_no_answer) {
    change_to(std::nullopt);
    EXPECT_TRUE(addresses_.has(one_));
    EXPECT_FALSE(addresses_.has(two_));
}

TEST_F(OwnAddressesTest, takes_every_address_for_ours_where_the_system_never_says) {
    OwnAddresses unknown(
        clock_, [] { return std::nullopt; }, [] { return false; });
    EXPECT_TRUE(unknown.has(two_));
}

}  // namespace
}  // namespace mailslot::post
