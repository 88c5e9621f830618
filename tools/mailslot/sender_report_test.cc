#include "mailslot/sender_report.h"

#include <gtest/gtest.h>

namespace mailslot::cli {
namespace {

std::pair<std::string, SenderInfo> sender(std::uint64_t origin, std::uint64_t gap,
                                          std::uint64_t full = 0) {
    SenderInfo info;
    info.origin = origin, info.from_host = "ALPHA", info.from_address = "10.0.0.2";
    info.received = 100, info.lost.network_gap = gap, info.lost.slot_full = full;
    return {"LOG", info};
}

using Lines = std::vector<std::string>;

TEST(SenderReport, says_who_lost_what_and_why_the_most_first) {
    EXPECT_EQ(sender_lines({sender(1, 2), sender(2, 0), sender(0xabc, 2, 1)}, false),
              (Lines{"  ALPHA at 10.0.0.2, origin 0000000000000abc: 100 received, 3 lost "
                     "(slot_full 1, network_gap 2)",
                     "  ALPHA at 10.0.0.2, origin 0000000000000001: 100 received, 2 lost "
                     "(network_gap 2)"}));
    EXPECT_TRUE(sender_lines({sender(2, 0)}, false).empty());
}

TEST(SenderReport, names_the_slot_where_there_are_several) {
    const Lines lines = sender_lines({sender(1, 1)}, true);
    ASSERT_EQ(lines.size(), 1u);
    EXPECT_EQ(lines[0],
              "  ALPHA at 10.0.0.2, origin 0000000000000001, to LOG: 100 received, 1 lost "
              "(network_gap 1)");
}

TEST(SenderReport, is_bounded_and_prints_what_strangers_say_visibly) {
    std::vector<std::pair<std::string, SenderInfo>> many;
    for (std::uint64_t i = 1; i <= kSendersReported + 2; ++i) many.push_back(sender(i, i));
    many.back().second.from_host = "A\033[2J";
    const Lines lines = sender_lines(many, false);
    ASSERT_EQ(lines.size(), kSendersReported + 1);
    EXPECT_EQ(lines.back(), "  and 2 more senders that lost less");
    EXPECT_EQ(lines[0].find('\033'), std::string::npos);
    many.pop_back();
    EXPECT_EQ(sender_lines(many, false).back(), "  and 1 more sender that lost less");
}

}  // namespace
}  // namespace mailslot::cli
