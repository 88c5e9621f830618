#include "post/recent_times.h"

#include "post/gateway_mark.h"
#include "post/testing/post_office_fixture.h"
#include "wire/labels.h"

namespace mailslot::post {
namespace {

class Twins : public PostOfficeTest {
protected:
    static Envelope sent(std::uint64_t sequence, std::int64_t at_us, std::uint64_t origin = 7) {
        Envelope envelope = message(sequence, "hello", origin);
        envelope.sent_at_us = at_us;
        return envelope;
    }
};

TEST_F(Twins, are_not_seen_in_copies) {
    deliver({sent(1, 100), sent(2, 200), sent(1, 100), sent(2, 200)});
    EXPECT_EQ(office_.counters().repeats, 2u);
    EXPECT_EQ(office_.origin_conflicts(), 0u);
}

TEST_F(Twins, are_seen_in_a_number_that_was_sent_at_another_time) {
    deliver({sent(1, 100), sent(2, 200), sent(1, 101)});
    EXPECT_EQ(office_.counters().repeats, 1u);
    EXPECT_EQ(office_.origin_conflicts(), 1u);
}

TEST_F(Twins, are_seen_in_what_came_late) {
    deliver({sent(1, 100), sent(3, 300), sent(2, 200), sent(2, 201)});
    EXPECT_EQ(office_.origin_conflicts(), 1u);
}

TEST_F(Twins, are_each_their_own_origins) {
    deliver({sent(1, 100, 7), sent(1, 200, 8)});
    EXPECT_EQ(office_.origin_conflicts(), 0u);
}

TEST_F(Twins, are_not_looked_for_where_the_wire_has_no_times) {
    Envelope classic = sent(1, 999);
    classic.has_no_time = true;
    deliver({sent(1, 100), classic});
    deliver({classic});
    EXPECT_EQ(office_.counters().repeats, 2u);
    EXPECT_EQ(office_.origin_conflicts(), 0u);
}

TEST_F(Twins, are_not_seen_in_what_a_gateway_passed_on) {
    std::string text;
    const Label via{kViaLabel, "netbios"};
    ASSERT_TRUE(wire::append_labels(text, {&via, 1}));
    Envelope passed = sent(1, 999);
    passed.format.labelled = true;
    passed.payload = as_bytes(text);
    deliver({sent(1, 100), passed});
    EXPECT_EQ(office_.counters().repeats, 1u);
    EXPECT_EQ(office_.origin_conflicts(), 0u);
}

}  // namespace
}  // namespace mailslot::post
