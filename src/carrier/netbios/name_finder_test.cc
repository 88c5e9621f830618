#include "carrier/netbios/name_finder.h"

#include <gtest/gtest.h>

#include <array>

#include "base/testing/fake_clock.h"
#include "carrier/netbios/name_service.h"

namespace mailslot {
namespace {

using namespace std::chrono_literals;
using Standing = NameFinder::Standing;

wire::NetbiosName name(std::string_view text) { return wire::parse_netbios_name(text).value(); }

class NameFinderTest : public testing::Test {
protected:
    // Returns the ID of the only question that is due.
    std::uint16_t asked() {
        const auto questions = finder_.tick();
        EXPECT_EQ(questions.size(), 1u);
        return questions.empty() ? std::uint16_t{0} : load_u16be(questions[0].data());
    }
    void answer(std::uint16_t id, std::string_view of, bool is_group, std::uint8_t last,
                std::uint16_t flags = 0x8500) {
        std::array<std::byte, wire::kNameAddressBytes> data;
        std::array<std::byte, 600> buffer;
        wire::NamePacket packet{id, flags};
        packet.record = wire::NameRecord{{name(of), ""}};
        packet.record->data =
            wire::encode_name_address(data, {is_group, 0, IpAddress::v4(10, 0, 0, last)});
        finder_.hear(wire::encode_name_packet(buffer, packet));
    }

    FakeClock clock_;
    SeededRandom random_{1};
    NameFinder finder_{clock_, random_};
};

TEST_F(NameFinderTest, asks_three_times_and_then_knows_that_there_is_nobody) {
    EXPECT_EQ(finder_.look_up(name("WINBOX")).standing, Standing::asked);
    const std::uint16_t id = asked();
    for (int i = 1; i < kNameRetries; ++i) {
        clock_.advance(kNameRetryTime - 1us);
        EXPECT_TRUE(finder_.tick().empty());
        clock_.advance(1us);
        EXPECT_EQ(asked(), id);
    }
    clock_.advance(kNameRetryTime);
    EXPECT_TRUE(finder_.tick().empty());
    EXPECT_FALSE(finder_.next_tick());
    EXPECT_EQ(finder_.look_up(name("WINBOX")).standing, Standing::absent);
    EXPECT_FALSE(finder_.next_tick());
    clock_.advance(kNameIsAbsent);
    EXPECT_EQ(finder_.look_up(name("WINBOX")).standing, Standing::asked);
    EXPECT_NE(asked(), id);
}

TEST_F(NameFinderTest, finds_hosts_and_groups_and_asks_anew_while_the_answer_still_holds) {
    finder_.look_up(name("winbox"));
    answer(asked(), "WINBOX", false, 7);
    EXPECT_FALSE(finder_.next_tick());
    auto found = finder_.look_up(name("WINBOX"));
    EXPECT_EQ(found.standing, Standing::found);
    EXPECT_EQ(found.address, IpAddress::v4(10, 0, 0, 7));
    EXPECT_FALSE(found.is_group);
    clock_.advance(kNameHolds);
    EXPECT_EQ(finder_.look_up(name("WINBOX")).standing, Standing::found);
    answer(asked(), "WINBOX", true, 8);
    found = finder_.look_up(name("WINBOX"));
    EXPECT_TRUE(found.is_group);
    EXPECT_EQ(found.address, IpAddress::v4(10, 0, 0, 8));
}

TEST_F(NameFinderTest, takes_no_answer_to_what_it_did_not_ask) {
    finder_.look_up(name("WINBOX"));
    const std::uint16_t id = asked();
    answer(static_cast<std::uint16_t>(id + 1), "WINBOX", false, 7);
    answer(id, "OTHER", false, 7);
    answer(id, "WINBOX", false, 7, 0x8583);  // negative
    answer(id, "WINBOX", false, 7, 0x0100);  // not an answer
    answer(id, "WINBOX", false, 7, 0xad80);  // answer to a claim
    finder_.hear({});
    EXPECT_EQ(finder_.look_up(name("WINBOX")).standing, Standing::asked);
    answer(id, "WINBOX", false, 7);
    answer(id, "WINBOX", false, 9);  // the first answer counts
    EXPECT_EQ(finder_.look_up(name("WINBOX")).address, IpAddress::v4(10, 0, 0, 7));
}

TEST_F(NameFinderTest, remembers_a_bounded_number_of_names) {
    for (std::size_t i = 0; i < 3 * kMaxFoundNames; ++i) {
        finder_.look_up(name("N" + std::to_string(i)));
    }
    EXPECT_EQ(finder_.tick().size(), kMaxFoundNames);
}

}  // namespace
}  // namespace mailslot
