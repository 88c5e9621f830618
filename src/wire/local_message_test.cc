#include "wire/local_message.h"

#include <gtest/gtest.h>

#include <array>

#include "wire/testing/hex.h"

namespace mailslot::wire {
namespace {

LocalMessage sample() {
    LocalMessage message{.op = LocalOp::slot_info, .key = "LOG\\A", .number = 77, .detail = "why"};
    message.info.name = "Log\\a";
    message.info.reader_pid = 4242;
    message.info.read_timeout = kForever;
    message.info.next_message_bytes = 0;
    message.info.messages = 3;
    message.info.lost.slot_full = 9;
    message.info.lost.bad_record = 10;
    return message;
}

TEST(LocalMessage, comes_back_as_it_was) {
    const auto back = decode_local_message(encode(sample()));
    ASSERT_TRUE(back);
    EXPECT_EQ(back->op, LocalOp::slot_info);
    EXPECT_EQ(back->key, "LOG\\A");
    EXPECT_EQ(back->number, 77u);
    EXPECT_EQ(back->detail, "why");
    EXPECT_EQ(back->info.name, "Log\\a");
    EXPECT_EQ(back->info.reader_pid, 4242);
    EXPECT_EQ(back->info.read_timeout, kForever);
    EXPECT_EQ(back->info.next_message_bytes, 0u);
    EXPECT_EQ(back->info.messages, 3u);
    EXPECT_EQ(back->info.lost.slot_full, 9u);
    EXPECT_EQ(back->info.lost.bad_record, 10u);
}

TEST(LocalMessage, refuses_every_beginning_of_a_message_and_bytes_behind_it) {
    auto whole = encode(sample());
    for (std::size_t size = 0; size < whole.size(); ++size) {
        EXPECT_FALSE(decode_local_message(Bytes(whole).first(size))) << size;
    }
    whole.push_back(std::byte{0});
    EXPECT_FALSE(decode_local_message(whole));
}

TEST(LocalMessage, refuses_other_versions_and_unknown_words) {
    const struct {
        const char* what;
        std::size_t at;
        int value;
    } cases[] = {
        {"version", 0, 2}, {"op 0", 1, 0}, {"op 17", 1, 17}, {"op 19", 1, 19}, {"op 34", 1, 34}};
    for (const auto& c : cases) {
        SCOPED_TRACE(c.what);
        auto packet = encode({.op = LocalOp::attach, .key = "X"});
        packet[c.at] = std::byte(c.value);
        EXPECT_FALSE(decode_local_message(packet));
    }
    EXPECT_FALSE(decode_local_message(encode({.op = LocalOp::refused})));
    EXPECT_TRUE(decode_local_message(encode({.op = LocalOp::refused, .why = Errc::no_such_slot})));
}

// Examples from docs/protocol/local-socket.md.
TEST(LocalMessage, has_the_bytes_of_the_worked_packets) {
    const struct {
        LocalMessage message;
        const char* hex;
    } cases[] = {
        {{.op = LocalOp::attach, .key = "LOG"}, "01 01 0003 4c4f47 00000000 00 0000"},
        {{.op = LocalOp::attached, .number = 3}, "01 02 0000 00000003 00 0000"},
    };
    for (const auto& c : cases) {
        SCOPED_TRACE(c.hex);
        EXPECT_EQ(encode(c.message), from_hex(c.hex));
        const auto back = decode_local_message(from_hex(c.hex));
        ASSERT_TRUE(back);
        EXPECT_EQ(back->op, c.message.op);
        EXPECT_EQ(back->key, c.message.key);
        EXPECT_EQ(back->number, c.message.number);
    }
}

SenderInfo sender_with(std::string host) {
    SenderInfo sender;
    sender.origin = 0xfeed, sender.from_host = std::move(host), sender.from_address = "fe80::1%3";
    sender.received = 1, sender.repeats = 2, sender.lost_untold = 3, sender.told_then_arrived = 4;
    sender.lost.kernel_drop = 5, sender.lost.over_limit = 6;
    sender.last_heard = std::chrono::system_clock::time_point(std::chrono::seconds(1700000000));
    return sender;
}

TEST(LocalMessage, carries_a_page_of_senders_with_the_longest_names) {
    LocalMessage page{.op = LocalOp::sender_page, .key = std::string(777, 'K'), .cursor = 99};
    for (std::size_t i = 0; i < kSendersPerPage; ++i) {
        page.senders.push_back(sender_with(std::string(255, 'h')));
    }
    const auto packet = encode(page);
    EXPECT_LE(packet.size(), 16u * 1024);  // the receiver's buffer
    const auto back = decode_local_message(packet);
    ASSERT_TRUE(back);
    EXPECT_EQ(back->cursor, 99u);
    ASSERT_EQ(back->senders.size(), kSendersPerPage);
    const SenderInfo &sent = page.senders[0], &got = back->senders.back();
    EXPECT_EQ(got.from_host, sent.from_host);
    EXPECT_EQ(got.from_address, "fe80::1%3");
    EXPECT_EQ(got.last_heard, sent.last_heard);
    EXPECT_EQ((std::array{got.origin, got.received, got.repeats, got.lost_untold}),
              (std::array<std::uint64_t, 4>{0xfeed, 1, 2, 3}));
    EXPECT_EQ(got.told_then_arrived, 4u);
    EXPECT_EQ(got.lost.total(), 11u);
    EXPECT_EQ(got.lost.kernel_drop, 5u);
    for (std::size_t size = 0; size < packet.size(); ++size) {
        ASSERT_FALSE(decode_local_message(Bytes(packet).first(size))) << size;
    }
}

TEST(LocalMessage, carries_counters_and_questions_for_them) {
    const auto list = decode_local_message(
        encode({.op = LocalOp::counter_list, .counters = {{"bad", 7}, {"senders", 8, true}}}));
    ASSERT_TRUE(list);
    ASSERT_EQ(list->counters.size(), 2u);
    EXPECT_EQ(list->counters[0].name, "bad");
    EXPECT_EQ(list->counters[0].value, 7u);
    EXPECT_FALSE(list->counters[0].is_level);
    EXPECT_TRUE(list->counters[1].is_level);
    const auto first = decode_local_message(encode({.op = LocalOp::senders, .key = "A"}));
    ASSERT_TRUE(first);
    EXPECT_FALSE(first->cursor);
    EXPECT_TRUE(decode_local_message(encode({.op = LocalOp::counters})));
}

TEST(LocalMessage, carries_a_page_of_drops) {
    LocalMessage page{.op = LocalOp::drop_page, .cursor = 77};
    for (std::uint64_t i = 0; i < kDropsPerPage; ++i) page.drops.emplace_back(i, 2 * i);
    const auto packet = encode(page);
    EXPECT_LE(packet.size(), 16u * 1024);  // the receiver's buffer
    const auto back = decode_local_message(packet);
    ASSERT_TRUE(back);
    EXPECT_EQ(back->cursor, 77u);
    EXPECT_EQ(back->drops, page.drops);
    page.drops.emplace_back(1, 1);
    EXPECT_FALSE(decode_local_message(encode(page)));
    const auto question =
        decode_local_message(encode({.op = LocalOp::drops, .key = "A", .cursor = 5}));
    ASSERT_TRUE(question);
    EXPECT_EQ(question->cursor, 5u);
}

TEST(LocalMessage, carries_what_the_machine_is) {
    const MachineId machine{0xfeed, {77, 4026531833}};
    const auto packet = encode({.op = LocalOp::machine, .machine = machine});
    const auto back = decode_local_message(packet);
    ASSERT_TRUE(back);
    EXPECT_EQ(back->machine, machine);
    EXPECT_FALSE(decode_local_message(Bytes(packet).first(packet.size() - 1)));
}

TEST(LocalMessage, refuses_a_time_that_no_clock_has) {
    auto packet = encode({.op = LocalOp::sender_page, .senders = {sender_with("h")}});
    const std::size_t at = 11 + 8 + 2 + 2 + 1 + 2 + 9;  // last_heard
    ASSERT_TRUE(decode_local_message(packet));
    packet[at] = std::byte{0x7f};
    EXPECT_FALSE(decode_local_message(packet));
}

// The order of the list in docs/protocol/local-socket.md.
TEST(LocalMessage, has_the_numbers_of_info_in_the_order_of_the_page) {
    LocalMessage message{.op = LocalOp::slot_info};
    SlotInfo& info = message.info;
    info.name = "N", info.reader_pid = 1, info.read_timeout = Timeout(2);
    info.next_message_bytes = 3, info.when_full = WhenFull::drop_oldest;
    info.require = Trust::local, info.order = Order::as_it_comes;
    info.max_message_bytes = 7, info.max_bytes = 8;
    info.max_messages = 9, info.messages = 10, info.bytes = 11, info.received = 12;
    info.received_bytes = 13, info.repeats = 14, info.senders = 15, info.senders_forgotten = 16;
    info.lost = {17, 18, 19, 20, 21, 22, 23, 24, 25};
    const auto packet = encode(message);
    ByteReader in(packet);
    in.take(11 + 2 + 1);  // up to the name
    for (std::uint64_t number = 1; number <= 25; ++number) {
        const bool is_choice = number == 4 || number == 6;                // when_full, order
        EXPECT_EQ(in.u64be(), is_choice ? 1 : number == 5 ? 2 : number);  // require
    }
    EXPECT_TRUE(in.ok());
    EXPECT_EQ(in.left(), 0u);
    EXPECT_EQ(decode_local_message(packet)->info.when_full, WhenFull::drop_oldest);
    EXPECT_EQ(decode_local_message(packet)->info.require, Trust::local);
    EXPECT_EQ(decode_local_message(packet)->info.order, Order::as_it_comes);
}

TEST(LocalMessage, refuses_a_policy_that_it_does_not_know) {
    auto packet = encode({.op = LocalOp::slot_info});
    const std::size_t at = 11 + 2 + 4 * 8 - 1;  // the last byte of when_full
    ASSERT_EQ(packet[at], std::byte{0});
    packet[at] = std::byte{1};
    EXPECT_TRUE(decode_local_message(packet));
    packet[at] = std::byte{2};
    EXPECT_FALSE(decode_local_message(packet));
}

TEST(LocalMessage, refuses_a_trust_that_it_does_not_know) {
    auto packet = encode({.op = LocalOp::slot_info});
    const std::size_t at = 11 + 2 + 5 * 8 - 1;  // the last byte of require
    packet[at] = std::byte{2};
    EXPECT_TRUE(decode_local_message(packet));
    packet[at] = std::byte{3};
    EXPECT_FALSE(decode_local_message(packet));
}

TEST(LocalMessage, refuses_an_order_that_it_does_not_know) {
    auto packet = encode({.op = LocalOp::slot_info});
    const std::size_t at = 11 + 2 + 6 * 8 - 1;  // the last byte of order
    packet[at] = std::byte{1};
    EXPECT_TRUE(decode_local_message(packet));
    packet[at] = std::byte{2};
    EXPECT_FALSE(decode_local_message(packet));
}

}  // namespace
}  // namespace mailslot::wire
