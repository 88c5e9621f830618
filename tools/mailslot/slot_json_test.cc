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
    std::string causes;
    for (const LossCause& cause : kLossCauses) {
        causes += std::string(causes.empty() ? "\"" : ",\"") + std::string(cause.name) +
                  (cause.count == &Losses::kernel_drop ? "\":2" : "\":0");
    }
    EXPECT_EQ(out, R"({"from_host":"a\"b","from_address":"10.0.0.7","origin":"000000000000feed",)"
                   R"("received":4,"repeats":0,"lost":2,"lost_by_cause":{)" +
                       causes +
                       R"(},"lost_untold":0,)"
                       R"("told_then_arrived":0,"last_heard":"1970-01-01T00:00:00.000000Z"})");
}

}  // namespace
}  // namespace mailslot::cli
