#include "wire/frame.h"

#include <gtest/gtest.h>

#include <array>
#include <cstring>
#include <limits>
#include <string>
#include <vector>

#include "wire/testing/frames.h"
#include "wire/testing/hex.h"

namespace mailslot::wire {
namespace {

// All rows were written by hand from docs/protocol/frame.md.
const std::string kIds =
    "1122334455667788 a1a2a3a4a5a6a7a8 0000000000000007 000660dc3778d000 00015f90";
const std::string kNames = "616c706861 4c495354454e4552";  // "alpha", "LISTENER"
const std::string kMessage = "6d73 01 00 01 01 00 05 0000 0008" + kIds + kNames;
const std::string kFragment = "6d73 01 00 02 01 00 05 0000 0008" + kIds + kNames;
const std::string kFilledMessage = "6d73 01 00 01 01 02 05 0000 0008" + kIds + kNames;
const std::string kFilledFragment = "6d73 01 00 02 01 02 05 0000 0008" + kIds + kNames;
const std::string kEnd = "6d73 01 00 03 01 00 05 0000 0008" + kIds + kNames;
const std::string kQuery = "6d73 01 00 04 01 00 05 0000 0000" + kIds + "616c706861";
const std::string kReport = "6d73 01 00 06 03 00 05 0000 0000" + kIds + "616c706861";
const std::string kHello = "01 00000000 0005 48454c4c4f";

// The worked packet of docs/protocol/frame.md.
const std::string kWorked = "6d73 01 00 01 01 01 05 0000 0008" + kIds + kNames +
                            "0002 01 00000000 0005 48454c4c4f 00 000000fa 0002 00ff";

struct Sample {
    const char* what;
    std::string hex;
};

// Valid frames, a row for each shape.
const std::vector<Sample> kGood = {
    {"the worked packet", kWorked},
    {"one empty message", kMessage + "0001 00 00000000 0000"},
    {"named", "6d73 01 00 01 02 00 00 0003 0001" + kIds + "4c4142 78 0001" + kHello},
    {"direct", "6d73 01 00 01 03 00 00 0000 0001" + kIds + "78 0001" + kHello},
    {"direct, to a name", "6d73 01 00 03 03 00 00 0005 0008" + kIds + kNames},
    {"direct, to two names",
     "6d73 01 00 01 03 00 00 0003 0001" + kIds + "41 00 42 78 0001" + kHello},
    {"a first part", kFragment + "00 0004 00000006 00000000 01020304"},
    {"a last part", kFragment + "01 0004 00000006 00000004 0506"},
    {"an only part, in a larger chunk", kFragment + "01 0004 00000003 00000000 010203"},
    {"filled", kFilledMessage + "0001" + kHello + "00"},
    {"a first part, filled", kFilledFragment + "00 0004 00000006 00000000 01020304 00"},
    {"a last part, filled", kFilledFragment + "01 0004 00000006 00000004 0506 00"},
    {"an end", kEnd},
    {"a query for all", kQuery + "000e 0102030405060708 42f2 00000000"},
    {"an empty answer", "6d73 01 00 05 03 00 05 0000 0008" + kIds + kNames + "0000"},
    {"a report", kReport + "0003 010203"},
    {"a query numbered 0",
     "6d73 01 00 04 01 00 00 0000 0000 1122334455667788 a1a2a3a4a5a6a7a8"
     "0000000000000000 0000000000000000 00000000 0000"},
    {"the last sequence there is",
     "6d73 01 00 01 01 00 00 0000 0001 1122334455667788"
     "a1a2a3a4a5a6a7a8 ffffffffffffffff 8000000000000000 ffffffff"
     "78 0001" +
         kHello},
};

struct BadSample {
    const char* what;
    std::string hex;
    const char* step;
};

const std::vector<BadSample> kBad = {
    {"no bytes", "", "frame"},
    {"another magic", "6d74" + kMessage.substr(4) + "0001" + kHello, "frame"},
    {"version 0", "6d73 00" + kMessage.substr(7) + "0001" + kHello, "version"},
    {"version 2, of which only the first four bytes are known", "6d73 02 ff", "version"},
    {"an unknown flag", "6d73 01 02" + kMessage.substr(10) + "0001" + kHello, "flags"},
    {"sealed, with an unknown flag", "6d73 01 81" + kMessage.substr(10) + kNames + kIds, "flags"},
    {"sealed", "6d73 01 01" + kMessage.substr(10) + kNames + kIds, "sealed"},
    {"sealed, but too short for it", "6d73 01 01" + kMessage.substr(10) + "0001" + kHello, "frame"},
    {"kind 0", "6d73 01 00 00 01 00 05 0000 0008" + kIds + kNames, "flags"},
    {"kind 7", "6d73 01 00 07 01 00 05 0000 0008" + kIds + kNames, "flags"},
    {"scope 0", "6d73 01 00 03 00 00 05 0000 0008" + kIds + kNames, "flags"},
    {"scope 4", "6d73 01 00 03 04 00 05 0000 0008" + kIds + kNames, "flags"},
    {"an unknown mark", "6d73 01 00 03 01 04 05 0000 0008" + kIds + kNames, "flags"},
    {"an unknown kind, cut", "6d73 01 00 07 01 00 05 0000", "frame"},
    {"names run past the end", "6d73 01 00 03 01 00 05 0000 0009" + kIds + kNames, "frame"},
    {"no slot", "6d73 01 00 03 01 00 05 0000 0000" + kIds + "616c706861", "frame"},
    {"named, to nobody", "6d73 01 00 03 02 00 05 0000 0008" + kIds + kNames, "frame"},
    {"to everybody, with a name", "6d73 01 00 03 01 00 00 0005 0008" + kIds + kNames, "frame"},
    {"slot is not UTF-8", "6d73 01 00 03 01 00 00 0000 0001" + kIds + "ff", "frame"},
    {"host is not UTF-8", "6d73 01 00 03 01 00 01 0000 0001" + kIds + "ff 78", "frame"},
    {"to is not UTF-8", "6d73 01 00 03 02 00 00 0001 0001" + kIds + "ff 78", "frame"},
    {"sequence 0",
     "6d73 01 00 03 01 00 00 0000 0001 1122334455667788 a1a2a3a4a5a6a7a8"
     "0000000000000000 000660dc3778d000 00015f90 78",
     "frame"},
    {"sequence runs over",
     "6d73 01 00 01 01 00 00 0000 0001 1122334455667788 a1a2a3a4a5a6a7a8"
     "ffffffffffffffff 000660dc3778d000 00015f90 78 0002" +
         kHello + kHello,
     "frame"},
    {"time runs over",
     "6d73 01 00 01 01 00 00 0000 0001 1122334455667788 a1a2a3a4a5a6a7a8"
     "0000000000000007 7fffffffffffffff 00015f90 78 0002" +
         kHello + "00 00000001 0000",
     "frame"},
    {"no message", kMessage + "0000", "frame"},
    {"fewer messages than announced", kMessage + "0002" + kHello, "frame"},
    {"more messages than announced", kMessage + "0001" + kHello + kHello, "frame"},
    {"a byte behind the last message", kMessage + "0001" + kHello + "00", "frame"},
    {"filled with nothing", kFilledMessage + "0001" + kHello, "frame"},
    {"filled with others than zeroes", kFilledMessage + "0001" + kHello + "0001", "frame"},
    {"filled instead of the last message", kFilledMessage + "0002" + kHello + "00", "frame"},
    {"a part filled with nothing", kFilledFragment + "00 0004 00000008 00000000 01020304", "frame"},
    {"a part filled with more", kFilledFragment + "00 0004 00000008 00000000 0102030405", "frame"},
    {"a filled part behind the end", kFilledFragment + "00 0004 00000008 00000008 00", "frame"},
    {"a filled end", "6d73 01 00 03 01 02 05 0000 0008" + kIds + kNames + "00", "frame"},
    {"a filled query",
     "6d73 01 00 04 01 02 05 0000 0000" + kIds +
         "616c706861 000e 0102030405060708 42f2 00000000 00",
     "frame"},
    {"a report for everybody", "6d73 01 00 06 01" + kReport.substr(14) + "0000", "frame"},
    {"a report to a name", "6d73 01 00 06 03 00 00 0005 0000" + kIds + "616c706861 0000", "frame"},
    {"a report about a slot", "6d73 01 00 06 03 00 00 0000 0005" + kIds + "616c706861 0000",
     "frame"},
    {"a report with bytes left over", kReport + "0001 01 02", "frame"},
    {"a filled report", "6d73 01 00 06 03 02" + kReport.substr(20) + "0000 00", "frame"},
    {"the first message is later than itself", kMessage + "0001 00 00000001 0000", "frame"},
    {"an unknown format", kMessage + "0001 04 00000000 0000", "flags"},
    {"an unknown format in the second", kMessage + "0002" + kHello + "04 00000000 0000", "flags"},
    {"parts of no bytes", kFragment + "00 0000 00000006 00000000", "frame"},
    {"a part of nothing", kFragment + "00 0004 00000000 00000000", "frame"},
    {"a part behind the end", kFragment + "00 0004 00000008 00000008", "frame"},
    {"a part between two", kFragment + "00 0004 00000008 00000002 01020304", "frame"},
    {"a part one byte short", kFragment + "00 0004 00000008 00000000 010203", "frame"},
    {"a part one byte long", kFragment + "00 0004 00000008 00000000 0102030405", "frame"},
    {"a last part one byte long", kFragment + "00 0004 00000006 00000004 010203", "frame"},
    {"a part of over 1 MiB", kFragment + "00 0004 00100001 00000000 01020304", "frame"},
    {"a part near 2^32", kFragment + "00 0004 ffffffff fffffffc 010203", "frame"},
    {"a part of unknown format", kFragment + "04 0004 00000008 00000000 01020304", "flags"},
    {"a byte behind an end", kEnd + "00", "frame"},
    {"a byte behind a query", kQuery + "0001 01 00", "frame"},
};

Bytes encode_plain(Buffer& buffer, const std::vector<Envelope>& envelopes) {
    if (envelopes.front().kind != Kind::message) return encode_single(buffer, envelopes.front());
    FrameWriter writer(buffer, envelopes.front());
    for (const Envelope& e : envelopes) EXPECT_TRUE(writer.add(e));
    return writer.finish();
}

// Encodes the output of decode_frame again, filled to `bytes`.
Bytes encode_again(Buffer& buffer, const std::vector<Envelope>& envelopes, std::size_t bytes) {
    const Bytes frame = encode_plain(buffer, envelopes);
    EXPECT_LE(frame.size(), bytes);
    return fill_frame(std::span(buffer).first(bytes), frame.size());
}

TEST(Frame, reads_the_worked_packet) {
    const auto datagram = from_hex(kWorked);
    std::vector<Envelope> out;
    ASSERT_TRUE(decode_messages(datagram, out));
    ASSERT_EQ(out.size(), 2u);
    for (const Envelope& e : out) {
        EXPECT_EQ(e.kind, Kind::message);
        EXPECT_EQ(e.scope, Scope::everybody);
        EXPECT_TRUE(e.delivered_at_home);
        EXPECT_EQ(e.to, "");
        EXPECT_EQ(e.slot, "LISTENER");
        EXPECT_EQ(e.from_host, "alpha");
        EXPECT_EQ(e.machine_id, 0x1122334455667788u);
        EXPECT_EQ(e.origin, 0xa1a2a3a4a5a6a7a8u);
        EXPECT_EQ(e.origin_age_ms, 90000u);
        EXPECT_EQ(e.trust, Trust::none);
    }
    EXPECT_EQ(out[0].sequence, 7u);
    EXPECT_EQ(out[0].sent_at_us, 1795348800000000);
    EXPECT_EQ(out[0].format, Format::text);
    EXPECT_EQ(as_text(out[0].payload), "HELLO");
    EXPECT_EQ(out[1].sequence, 8u);
    EXPECT_EQ(out[1].sent_at_us, 1795348800000250);
    EXPECT_EQ(out[1].format, Format::bytes);
    EXPECT_EQ(as_text(out[1].payload), std::string_view("\x00\xff", 2));
}

TEST(Frame, writes_the_worked_packet) {
    Envelope message = a_message(7, "HELLO");
    message.machine_id = 0x1122334455667788;
    message.origin = 0xa1a2a3a4a5a6a7a8;
    message.origin_age_ms = 90000;
    message.delivered_at_home = true;
    message.sent_at_us = 1795348800000000;
    message.format = Format::text;
    std::array<std::byte, kMaxDatagramBytes> buffer;
    FrameWriter writer(buffer, message);
    ASSERT_TRUE(writer.add(message));
    message.sequence = 8;
    message.sent_at_us += 250;
    message.format = Format::bytes;
    message.payload = as_bytes(std::string_view("\x00\xff", 2));
    ASSERT_TRUE(writer.add(message));
    const Bytes datagram = writer.finish();
    const auto expected = from_hex(kWorked);
    EXPECT_EQ(as_text(datagram), as_text(expected));
}

TEST(Frame, reads_a_fragment) {
    const auto datagram = from_hex(kFragment + "01 0004 00000006 00000004 0506");
    std::vector<Envelope> out;
    ASSERT_TRUE(decode_messages(datagram, out));
    ASSERT_EQ(out.size(), 1u);
    EXPECT_EQ(out[0].kind, Kind::fragment);
    EXPECT_EQ(out[0].format, Format::text);
    EXPECT_EQ(out[0].sequence, 7u);
    EXPECT_EQ(out[0].chunk_bytes, 4u);
    EXPECT_EQ(out[0].total_bytes, 6u);
    EXPECT_EQ(out[0].offset, 4u);
    EXPECT_EQ(as_text(out[0].payload), "\x05\x06");
}

TEST(Frame, reads_where_a_named_frame_goes) {
    const auto datagram = from_hex(kGood[2].hex);
    std::vector<Envelope> out;
    ASSERT_TRUE(decode_messages(datagram, out));
    EXPECT_EQ(out[0].scope, Scope::named);
    EXPECT_EQ(out[0].to, "LAB");
    EXPECT_EQ(out[0].slot, "x");
    EXPECT_EQ(out[0].from_host, "");
    EXPECT_FALSE(out[0].delivered_at_home);
}

TEST(Frame, gives_the_same_bytes_for_what_it_read) {
    Buffer buffer;
    for (const Sample& sample : kGood) {
        SCOPED_TRACE(sample.what);
        const auto datagram = from_hex(sample.hex);
        std::vector<Envelope> out;
        ASSERT_TRUE(decode_messages(datagram, out));
        EXPECT_EQ(as_text(encode_again(buffer, out, datagram.size())), as_text(datagram));
    }
}

TEST(Frame, refuses_what_the_page_does_not_allow) {
    for (const BadSample& sample : kBad) {
        SCOPED_TRACE(sample.what);
        EXPECT_EQ(step_of(from_hex(sample.hex)), sample.step);
    }
}

TEST(Frame, refuses_every_frame_that_was_cut) {
    for (const Sample& sample : kGood) {
        SCOPED_TRACE(sample.what);
        const auto datagram = from_hex(sample.hex);
        for (std::size_t bytes = 0; bytes < datagram.size(); ++bytes) {
            // A copy of exact size, so that a sanitizer sees a read past the end.
            const std::vector<std::byte> cut(datagram.data(), datagram.data() + bytes);
            EXPECT_EQ(step_of(cut), "frame") << bytes;
        }
    }
}

TEST(Frame, refuses_or_repeats_every_frame_with_one_bit_flipped) {
    Buffer buffer;
    for (const Sample& sample : kGood) {
        SCOPED_TRACE(sample.what);
        auto datagram = from_hex(sample.hex);
        for (std::size_t bit = 0; bit < datagram.size() * 8; ++bit) {
            const std::byte mask{static_cast<unsigned char>(1u << (bit % 8))};
            datagram[bit / 8] ^= mask;
            std::vector<Envelope> out;
            if (decode_messages(datagram, out)) {
                EXPECT_EQ(as_text(encode_again(buffer, out, datagram.size())), as_text(datagram))
                    << bit;
            } else {
                EXPECT_TRUE(out.empty());
            }
            datagram[bit / 8] ^= mask;
        }
    }
}

TEST(Frame, appends_all_or_none_to_what_is_there) {
    std::vector<Envelope> out(1);
    out[0].sequence = 99;
    const auto good = from_hex(kWorked);
    const auto bad = from_hex(kWorked + "00");
    EXPECT_FALSE(decode_messages(bad, out));
    EXPECT_EQ(out.size(), 1u);
    EXPECT_TRUE(decode_messages(good, out));
    EXPECT_EQ(out.size(), 3u);
    EXPECT_EQ(out[0].sequence, 99u);
}

TEST(Frame, takes_the_largest_datagram_and_none_larger) {
    const std::size_t size =
        kMaxFrameBytes - from_hex(kMessage).size() - kMessageCountBytes - kContentHeadBytes;
    const std::string text(size, 'x');
    Buffer buffer;
    FrameWriter writer(buffer, a_message());
    EXPECT_FALSE(writer.add(a_message(1, text + "x")));
    ASSERT_TRUE(writer.add(a_message(1, text)));
    const Bytes datagram = writer.finish();
    ASSERT_EQ(datagram.size(), kMaxFrameBytes);
    EXPECT_EQ(step_of(datagram), "");
    // A further byte, included in the message's size.
    const std::size_t size_at = kMaxFrameBytes - size - 2;
    ByteWriter(std::span(buffer).subspan(size_at)).u16be(static_cast<std::uint16_t>(size + 1));
    EXPECT_EQ(step_of(Bytes(buffer.data(), kMaxFrameBytes + 1)), "frame");
}

TEST(Frame, takes_a_bounded_number_of_messages) {
    std::string messages;
    for (std::size_t i = 0; i < kMaxFrameMessages; ++i) messages += "00 00000000 0000";
    EXPECT_EQ(step_of(from_hex(kMessage + "0400" + messages)), "");
    EXPECT_EQ(step_of(from_hex(kMessage + "0401" + messages + "00 00000000 0000")), "frame");
    Buffer buffer;
    FrameWriter writer(buffer, a_message());
    for (std::size_t i = 1; i <= kMaxFrameMessages; ++i) EXPECT_TRUE(writer.add(a_message(i, "")));
    EXPECT_FALSE(writer.add(a_message(kMaxFrameMessages + 1, "")));
    EXPECT_EQ(step_of(writer.finish()), "");
}

TEST(Frame, carries_the_longest_names_and_none_longer) {
    const std::string host(kMaxFromHostBytes, 'h'), to(300, 't'), slot(kMaxNamesBytes - 300, 's');
    Envelope e = a_fragment();
    e.scope = Scope::named;
    e.from_host = host;
    e.to = to;
    e.slot = slot;
    std::array<std::byte, kMaxFrameOverhead + 1> buffer;
    const Bytes datagram = encode_single(buffer, e);
    EXPECT_EQ(datagram.size(), kMaxFrameOverhead + 1);
    EXPECT_EQ(step_of(datagram), "");
    const std::string longer_slot = slot + "s", longer_host = host + "h";
    Buffer large;
    e.slot = longer_slot;
    EXPECT_TRUE(encode_single(large, e).empty());
    e.slot = slot;
    e.from_host = longer_host;
    EXPECT_TRUE(encode_single(large, e).empty());
    EXPECT_EQ(
        step_of(from_hex("6d73 01 00 03 02 00 00 012c 01de" + kIds + std::string(2 * 778, '7'))),
        "frame");
}

TEST(Frame, leaves_room_for_payload_beside_the_longest_names_even_when_sealed) {
    static_assert(kMaxDatagramBytes - kMaxFrameOverhead == 109);  // as the page states
    static_assert(kMaxDatagramBytes - kMaxFrameOverhead - kSealBytes == 49);
}

}  // namespace
}  // namespace mailslot::wire
