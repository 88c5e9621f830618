// Promises of the classic writer alone. Uses the loopback and ports that need no
// privilege.
#include <gtest/gtest.h>

#include <string>
#include <string_view>

#include "carrier/netbios/netbios_writer.h"
#include "carrier/testing/free_port.h"

namespace mailslot {
namespace {

class NetbiosWriterTest : public testing::Test {
protected:
    NetbiosWriterTest() {
        settings_.host = "alpha";
        settings_.interfaces = {"lo"};
        settings_.classic.workgroup = "LAB";
    }
    NetbiosWriter writer_to(const Address& address) {
        return {{.address = address, .settings = settings_, .clock = clock_, .origin = 7},
                {free_port(), free_port()}};
    }

    Settings settings_;
    const SystemClock clock_{};
};

TEST_F(NetbiosWriterTest, keeps_a_message_until_it_knows_that_nobody_has_the_name) {
    const Address nobody = parse_address(R"(\\NOBODY\mailslot\IN)").value();
    NetbiosWriter writer = writer_to(nobody);
    const std::string_view text = "hello";
    EXPECT_EQ(writer.put({.texts = {&text, 1}, .first_sequence = 1}).value(), 1u);
    ASSERT_TRUE(writer.due());
    EXPECT_LE(*writer.due(), clock_.now() + kNameQuestionTakes);
    EXPECT_FALSE(writer.take_late_error());
    writer.flush();
    EXPECT_FALSE(writer.due());
    const auto late = writer.take_late_error();
    ASSERT_TRUE(late);
    EXPECT_EQ(late->code, Errc::unreachable);
    EXPECT_FALSE(writer.take_late_error());
}

TEST_F(NetbiosWriterTest, refuses_what_the_wire_cannot_name) {
    const Address address = parse_address(R"(\\sixteen-letters-\mailslot\IN)").value();
    const std::string_view text = "hello";
    EXPECT_EQ(writer_to(address).how_many_fit({&text, 1}, {}).error().code, Errc::bad_name);
}

TEST_F(NetbiosWriterTest, has_places_with_a_suffix_alone) {
    EXPECT_TRUE(is_classic_place(parse_address(R"(\\LAB#1C\mailslot\IN)").value()));
    EXPECT_FALSE(is_classic_place(parse_address(R"(\\LAB\mailslot\IN)").value()));
    EXPECT_FALSE(is_classic_place(parse_address(R"(\\*\mailslot\IN)").value()));
}

}  // namespace
}  // namespace mailslot
