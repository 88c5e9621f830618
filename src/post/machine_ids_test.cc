#include "post/machine_ids.h"

#include "model/machine_id.h"
#include "post/testing/post_office_fixture.h"

namespace mailslot::post {
namespace {

const IpAddress kOurs = IpAddress::v4(10, 0, 0, 1), kTheirs = IpAddress::v4(10, 0, 0, 2);

class MachineIdsTest : public PostOfficeTest {
protected:
    MachineIdsTest() {
        is_ours_ = [](const IpAddress& a) { return a == kOurs; };
    }
    static Envelope marked(std::uint64_t sequence, std::uint64_t machine_id,
                           const IpAddress& from) {
        Envelope envelope = message(sequence);
        envelope.machine_id = machine_id;
        envelope.delivered_at_home = true;
        envelope.from_address = from;
        return envelope;
    }
    MachineIds& ids() { return office_.ids(); }
    void hear(std::uint64_t machine_id, const IpAddress& from) {
        deliver({marked(++sequence_, machine_id, from)});
    }

    std::uint64_t sequence_ = 0;
};

TEST_F(MachineIdsTest, drops_what_this_machine_sent_from_any_of_its_addresses) {
    hear(kHome, kOurs);
    hear(kHome, {});  // by the carrier for users of this machine
    EXPECT_EQ(office_.counters().own, 2u);
    EXPECT_FALSE(ids().is_contested());
}

TEST_F(MachineIdsTest, takes_in_what_a_copy_of_this_machine_sends) {
    hear(kHome, kTheirs);
    EXPECT_EQ(sequences(), Numbers{1});
    EXPECT_EQ(office_.counters().own, 0u);
    EXPECT_TRUE(ids().is_contested());
    EXPECT_EQ(ids().conflicts(), 1u);
}

TEST_F(MachineIdsTest, knows_its_earlier_number_and_leaves_it_to_the_copy) {
    hear(kHome, kTheirs);
    ids().change_to(77, clock_.now());
    EXPECT_FALSE(ids().is_contested());
    hear(kHome, kOurs);
    EXPECT_EQ(office_.counters().own, 1u);
    hear(kHome, kTheirs);
    EXPECT_EQ(sequences(), (Numbers{1, 3}));
    EXPECT_FALSE(ids().is_contested());
    EXPECT_EQ(ids().conflicts(), 1u);
}

TEST_F(MachineIdsTest, tells_a_router_that_sends_its_datagrams_back_from_a_copy) {
    hear(kHome, kTheirs);
    ids().change_to(77, clock_.now());
    hear(77, kTheirs);  // nobody else can have the new number yet
    EXPECT_EQ(office_.counters().own, 1u);
    EXPECT_FALSE(ids().is_contested());
    clock_.advance(1h);
    hear(77, kTheirs);
    EXPECT_EQ(office_.counters().own, 2u);
}

// Holds for any number of forged datagrams.
TEST_F(MachineIdsTest, changes_at_most_once_in_the_time_that_a_number_is_fresh) {
    int changes = 0;
    for (int i = 0; i < 10'000; ++i) {
        hear(ids().present(), IpAddress::v4(10, 1, static_cast<std::uint8_t>(i / 250),
                                            static_cast<std::uint8_t>(i % 250)));
        if (ids().is_contested()) {
            ids().change_to(1000 + static_cast<std::uint64_t>(i), clock_.now());
            ++changes;
        }
        clock_.advance(1ms);
    }
    EXPECT_EQ(changes, 2);  // in ten seconds
    hear(kHome, kOurs);
    EXPECT_GE(office_.counters().own, 1u);
}

TEST_F(MachineIdsTest, knows_what_a_writer_in_another_network_put_here) {
    hear(number_for_other_networks(kHome), kTheirs);
    EXPECT_EQ(office_.counters().own, 1u);
    ids().change_to(77, clock_.now());
    hear(number_for_other_networks(kHome), kTheirs);
    hear(number_for_other_networks(77), kTheirs);
    EXPECT_EQ(office_.counters().own, 3u);
    EXPECT_FALSE(ids().is_contested());
}

TEST_F(MachineIdsTest, remembers_so_many_former_numbers_and_no_more) {
    for (std::uint64_t number = 1; number <= kMaxFormerIds + 1; ++number) ids().add_former(number);
    hear(1, kOurs);
    EXPECT_EQ(office_.counters().own, 0u);
    hear(2, kOurs);
    EXPECT_EQ(office_.counters().own, 1u);
}

TEST_F(MachineIdsTest, goes_on_in_the_books) {
    hear(kHome, kTheirs);
    ids().change_to(77, clock_.now());
    wire::OfficeStateWriter out;
    office_.write_books(out);
    PostOffice successor({0x4444, "ME", {}}, clock_, slots_);
    successor.take_books(out.take());
    EXPECT_EQ(successor.ids().present(), 77u);
    EXPECT_EQ(successor.ids().conflicts(), 1u);
    deliver_each(successor, std::vector{marked(8, kHome, kOurs), marked(9, 77, kOurs)});
    EXPECT_EQ(successor.counters().own, 2u);
}

}  // namespace
}  // namespace mailslot::post
