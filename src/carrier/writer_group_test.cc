#include "carrier/writer_group.h"

#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "base/testing/fake_clock.h"
#include "carrier/flusher.h"
#include "carrier/testing/fake_carrier.h"
#include "carrier/testing/fake_writer.h"

namespace mailslot {
namespace {

using Texts = std::vector<std::string>;

// Two carriers, each with a network of its own.
class WriterGroupTest : public testing::Test {
protected:
    WriterGroupTest() {
        reader_.start().value();
        other_reader_.start().value();
        const WriterNeeds needs{
            .address = address_, .settings = settings_, .clock = clock_, .origin = 7};
        auto main = std::make_unique<FakeWriter>(needs, network_, IpAddress::v4(10, 0, 0, 2));
        auto other = std::make_unique<FakeWriter>(needs, others_, IpAddress::v4(10, 0, 0, 2));
        main_ = main.get();
        other_ = other.get();
        WriterGroup::Writers writers;
        writers.push_back(std::move(main));
        writers.push_back(std::move(other));
        group_ = std::make_unique<WriterGroup>(std::move(writers));
    }
    Result<std::size_t> put(const Texts& texts) {
        const std::vector<std::string_view> views(texts.begin(), texts.end());
        return group_->put({.texts = views, .first_sequence = 1});
    }
    static Texts arrived(FakeCarrier& reader) {
        Texts texts;
        reader.receive([&texts](std::span<const Parcel> parcels) {
            for (const Parcel& parcel : parcels) {
                texts.push_back(std::to_string(parcel.envelope.sequence) + " " +
                                std::string(as_text(parcel.envelope.payload)));
            }
        });
        return texts;
    }

    const Address address_ = parse_address(R"(\\*\mailslot\IN)").value();
    const Settings settings_{};
    FakeClock clock_;
    FakeNetwork network_, others_;
    FakeCarrier reader_{network_, IpAddress::v4(10, 0, 0, 1)};
    FakeCarrier other_reader_{others_, IpAddress::v4(10, 0, 0, 1)};
    FakeWriter *main_ = nullptr, *other_ = nullptr;
    std::unique_ptr<WriterGroup> group_;
};

TEST_F(WriterGroupTest, sends_by_each_carrier) {
    EXPECT_EQ(put({"one", "two"}).value(), 2u);
    EXPECT_EQ(arrived(reader_), (Texts{"1 one", "2 two"}));
    EXPECT_EQ(arrived(other_reader_), (Texts{"1 one", "2 two"}));
}

TEST_F(WriterGroupTest, sends_by_the_others_only_what_the_main_carrier_has_taken) {
    main_->fail_after(1, Errc::no_resources);
    EXPECT_EQ(put({"one", "two"}).value(), 1u);
    EXPECT_EQ(put({"two"}).error().code, Errc::no_resources);
    EXPECT_EQ(arrived(other_reader_), Texts{"1 one"});
}

TEST_F(WriterGroupTest, has_the_errors_of_the_main_carrier_alone) {
    other_->fail_after(0, Errc::unreachable);
    EXPECT_EQ(put({"one"}).value(), 1u);
    EXPECT_EQ(arrived(reader_), Texts{"1 one"});
    EXPECT_FALSE(group_->take_late_error());
    EXPECT_EQ(group_->departures().messages_lost, 0u);
}

TEST_F(WriterGroupTest, is_due_when_the_first_of_them_is) {
    EXPECT_FALSE(group_->due());
    ASSERT_TRUE(other_->hold({1, 0, Format::text, as_bytes("held")}));
    EXPECT_EQ(group_->due(), clock_.now() + kHoldTime);
    const auto first = group_->due();
    clock_.advance(kHoldTime / 2);
    ASSERT_TRUE(main_->hold({1, 0, Format::text, as_bytes("held")}));
    EXPECT_EQ(group_->due(), first);
    group_->send_held();
    EXPECT_FALSE(group_->due());
    EXPECT_EQ(arrived(reader_), Texts{"1 held"});
    EXPECT_EQ(arrived(other_reader_), Texts{"1 held"});
}

TEST_F(WriterGroupTest, holds_no_message_itself_and_says_the_end_by_each) {
    EXPECT_FALSE(group_->hold({1, 0, Format::text, as_bytes("held")}));
    group_->end(1);
    EXPECT_EQ(arrived(reader_).size(), 1u);
    EXPECT_EQ(arrived(other_reader_).size(), 1u);
}

}  // namespace
}  // namespace mailslot
