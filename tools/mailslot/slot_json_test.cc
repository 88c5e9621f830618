#include "mailslot/slot_json.h"

#include <gtest/gtest.h>

#include <vector>

namespace mailslot::cli {
namespace {

TEST(SlotJson, sums_losses_up_by_cause) {
    EXPECT_EQ(losses_text({}), "0 lost");
    std::vector<Losses> lost(2);
    EXPECT_EQ(losses_text(lost), "0 lost");
    lost[0].network_gap = 2, lost[1].slot_full = 1, lost[1].network_gap = 3;
    EXPECT_EQ(losses_text(lost), "6 lost (slot_full 1, network_gap 5)");
}

TEST(SlotJson, has_a_sender_in_one_object) {
    SenderInfo sender;
    sender.origin = 0xfeed, sender.from_host = "a\"b", sender.from_address = "10.0.0.7";
    sender.received = 4, sender.lost.kernel_drop = 2;
    std::string out;
    append_sender_json(out, sender);
    EXPECT_EQ(
        out,
        R"({"from_host":"a\"b","from_address":"10.0.0.7","origin":"000000000000feed",)"
        R"("received":4,"repeats":0,"lost":2,"lost_by_cause":{"slot_full":0,)"
        R"("dropped_oldest":0,"message_too_big":0,"network_gap":0,"kernel_drop":2,"fragment_timed_out":0,)"
        R"("not_trusted":0,"over_limit":0,"bad_record":0},"lost_untold":0,)"
        R"("told_then_arrived":0,"last_heard":"1970-01-01T00:00:00.000000Z"})");
}

}  // namespace
}  // namespace mailslot::cli
