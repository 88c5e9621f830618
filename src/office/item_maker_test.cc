#include "office/item_maker.h"

#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "model/testing/packed_contents.h"

namespace mailslot::office {
namespace {

Envelope from(std::string_view host, std::uint64_t origin, std::uint64_t sequence,
              std::uint64_t lost_before = 0) {
    Envelope envelope;
    envelope.from_host = host;
    envelope.from_address = IpAddress::v4(10, 0, 0, 7);
    envelope.origin = origin;
    envelope.sequence = sequence;
    envelope.lost_before = lost_before;
    return envelope;
}

Content content(std::string_view text) { return {as_bytes(text), 70, Format::text}; }

inbox::Meta meta_of(const inbox::Item& item) { return inbox::decode_meta(item.meta); }

// Splits items into single messages.
std::vector<inbox::Item> one_by_one(std::span<const inbox::Item> items) {
    std::vector<inbox::Item> messages;
    for (const inbox::Item& item : items) {
        messages.push_back(item.front());
        for (inbox::Item rest = item; rest.size() > 1;) {
            rest.remove_front();
            messages.push_back(rest.front());
        }
    }
    return messages;
}

bool share_meta(const inbox::Item& one, const inbox::Item& other) {
    return one.meta.data() == other.meta.data() && one.meta.size() == other.meta.size();
}

TEST(ItemMaker, makes_an_item_of_each_parcel) {
    const PackedContents contents(std::vector{content("a"), content("bc")});
    Envelope alone = from("other", 8, 40);
    alone.payload = as_bytes("alone");
    alone.sent_at_us = 90;
    ItemMaker maker;
    const std::vector<Parcel> parcels{{from("box", 7, 5), contents}, {alone}};
    EXPECT_EQ(maker.make(parcels, 99).size(), 2u);
    const auto items = one_by_one(maker.make(parcels, 99));
    ASSERT_EQ(items.size(), 3u);
    EXPECT_EQ(items[0].sequence, 5u);
    EXPECT_EQ(items[1].sequence, 6u);
    EXPECT_EQ(items[1].origin, 7u);
    EXPECT_EQ(items[1].kind, inbox::RecordKind::network);
    EXPECT_EQ(items[1].format, Form(Format::text));
    EXPECT_EQ(items[1].sent_at_us, 70);
    EXPECT_EQ(as_text(items[0].payload), "a");
    EXPECT_EQ(as_text(items[1].payload), "bc");
    EXPECT_EQ(items[2].sequence, 40u);
    EXPECT_EQ(items[2].sent_at_us, 90);
    EXPECT_EQ(as_text(items[2].payload), "alone");
    EXPECT_EQ(meta_of(items[1]).from_host, "box");
    EXPECT_EQ(meta_of(items[1]).from_address, IpAddress::v4(10, 0, 0, 7));
    EXPECT_EQ(meta_of(items[2]).from_host, "other");
}

TEST(ItemMaker, gives_messages_of_one_sender_the_very_same_meta) {
    const PackedContents contents(std::vector{content("a"), content("b"), content("c")});
    ItemMaker maker;
    const auto items = one_by_one(maker.make(
        std::vector<Parcel>{{from("box", 7, 1), contents}, {from("box", 7, 4), contents}}, 99));
    ASSERT_EQ(items.size(), 6u);
    for (const inbox::Item& item : items) EXPECT_TRUE(share_meta(item, items[0]));
}

TEST(ItemMaker, tells_losses_by_the_first_message_of_a_parcel_only) {
    const PackedContents contents(std::vector{content("a"), content("b"), content("c")});
    ItemMaker maker;
    const auto items = one_by_one(maker.make(
        std::vector<Parcel>{{from("box", 7, 4, 3), contents}, {from("box", 7, 7), contents}}, 99));
    ASSERT_EQ(items.size(), 6u);
    EXPECT_EQ(meta_of(items[0]).lost_before, 3u);
    for (std::size_t i = 1; i < items.size(); ++i) {
        EXPECT_EQ(meta_of(items[i]).lost_before, 0u);
        EXPECT_TRUE(share_meta(items[i], items[1]));
    }
}

TEST(ItemMaker, makes_as_many_as_it_may) {
    const PackedContents contents(std::vector{content("a"), content("b"), content("c")});
    const std::vector<Parcel> parcels{
        {from("box", 7, 1), contents}, {from("box", 8, 1), contents}, {from("box", 9, 1)}};
    ItemMaker maker;
    const auto made = [&](std::size_t at_most) { return one_by_one(maker.make(parcels, at_most)); };
    EXPECT_EQ(made(3).size(), 3u);
    EXPECT_EQ(made(3).back().origin, 7u);
    EXPECT_EQ(made(4).size(), 4u);
    EXPECT_EQ(made(4).back().origin, 8u);
    EXPECT_EQ(made(99).size(), 7u);
}

TEST(ItemMaker, keeps_many_metas_apart) {
    std::vector<std::string> hosts;
    for (int i = 0; i < 300; ++i) hosts.push_back("host" + std::to_string(i));
    std::vector<Parcel> parcels;
    for (const std::string& host : hosts) parcels.push_back({from(host, 7, 1)});
    ItemMaker maker;
    for (int round = 0; round < 2; ++round) {
        const auto items = maker.make(parcels, 300);
        for (std::size_t i = 0; i < hosts.size(); ++i) {
            EXPECT_EQ(meta_of(items[i]).from_host, hosts[i]);
        }
    }
}

}  // namespace
}  // namespace mailslot::office
