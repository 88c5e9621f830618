#include "wire/report.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <optional>
#include <string>

#include "model/limits.h"
#include "wire/testing/hex.h"

namespace mailslot::wire {
namespace {

// The worked report of docs/protocol/pace.md.
const Report kWorked{.number = 3,
                     .highest = {2400, 0},
                     .counted_from = 1,
                     .messages = 2390,
                     .bytes = 262'144,
                     .arrived_us = 7'000'000'123,
                     .held_us = 350,
                     .sample_bytes = 65'536,
                     .sample_us = 5200,
                     .kernel_drops = 0,
                     .buffer_bytes = 8'388'608,
                     .buffer_used = 4096,
                     .families = kHearsIpv4};
const std::string kNumber = "00000003";
const std::string kPlace = "0000000000000960 00000000";
const std::string kCounts = "0000000000000001 0000000000000956 0000000000040000";
const std::string kTimes = "00000001a13b867b 0000015e 00010000 00001450";
const std::string kBuffer = "00000000 00800000 00001000";

struct Row {
    const char* what;
    std::string hex;
};

// Written by hand from docs/protocol/pace.md.
const Row kRefused[] = {
    {"no bytes", ""},
    {"one byte short", kNumber + kPlace + kCounts + kTimes + kBuffer},
    {"a byte left over", kNumber + kPlace + kCounts + kTimes + kBuffer + "01 00"},
    {"number 0", "00000000" + kPlace + kCounts + kTimes + kBuffer + "01"},
    {"sequence above all",
     kNumber + "0020000000000000 00000000" + kCounts + kTimes + kBuffer + "01"},
    {"a part beyond the largest message",
     kNumber + "0000000000000960 00100001" + kCounts + kTimes + kBuffer + "01"},
    {"counted from 0", kNumber + kPlace + "0000000000000000 0000000000000956 0000000000040000" +
                           kTimes + kBuffer + "01"},
    {"counted from behind the highest", kNumber + kPlace +
                                            "0000000000000961 0000000000000000 0000000000040000" +
                                            kTimes + kBuffer + "01"},
    {"more messages than numbers", kNumber + kPlace +
                                       "0000000000000001 0000000000000961 0000000000040000" +
                                       kTimes + kBuffer + "01"},
    {"no bytes arrived", kNumber + kPlace + "0000000000000001 0000000000000956 0000000000000000" +
                             kTimes + kBuffer + "01"},
    {"a sample of more than all",
     kNumber + kPlace + kCounts + "00000001a13b867b 0000015e 00040001 00001450" + kBuffer + "01"},
    {"a sample without a time",
     kNumber + kPlace + kCounts + "00000001a13b867b 0000015e 00010000 00000000" + kBuffer + "01"},
    {"a time without a sample",
     kNumber + kPlace + kCounts + "00000001a13b867b 0000015e 00000000 00001450" + kBuffer + "01"},
    {"no family", kNumber + kPlace + kCounts + kTimes + kBuffer + "00"},
    {"an unknown family", kNumber + kPlace + kCounts + kTimes + kBuffer + "04"},
};

TEST(Report, decodes_and_encodes_the_worked_report) {
    const auto bytes = from_hex(kNumber + kPlace + kCounts + kTimes + kBuffer + "01");
    ASSERT_EQ(bytes.size(), kReportBytes);
    EXPECT_EQ(decode_report(bytes).value(), kWorked);
    std::array<std::byte, kReportBytes> buffer;
    EXPECT_TRUE(std::ranges::equal(encode_report(buffer, kWorked), bytes));
}

TEST(Report, refuses_what_no_receiver_can_have_seen) {
    for (const Row& row : kRefused) {
        SCOPED_TRACE(row.what);
        const auto report = decode_report(from_hex(row.hex));
        ASSERT_FALSE(report.has_value());
        EXPECT_EQ(report.error().code, Errc::bad_packet);
    }
}

TEST(Report, encodes_nothing_without_room_or_sense) {
    std::array<std::byte, kReportBytes> buffer;
    EXPECT_TRUE(encode_report(std::span(buffer).first(kReportBytes - 1), kWorked).empty());
    Report wrong = kWorked;
    wrong.families = 0;
    EXPECT_TRUE(encode_report(buffer, wrong).empty());
}

TEST(Report, marks_order_parts_behind_the_messages_before) {
    EXPECT_LT((Mark{7, 0}), (Mark{8, 0}));
    EXPECT_LT((Mark{8, 1000}), (Mark{8, 2000}));
    EXPECT_LT((Mark{7, 0}), (Mark{7, 1000}));
}

}  // namespace
}  // namespace mailslot::wire
