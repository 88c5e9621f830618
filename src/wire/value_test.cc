// Reading values: the events of each form, and refusals.
#include "mailslot/value.h"

#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "base/bytes.h"
#include "wire/testing/hex.h"
#include "wire/testing/value_events.h"

namespace mailslot::wire {
namespace {

// Examples from docs/protocol/value.md: ('job', 7, [1.5, None]) as written by us and by Python
// 3.11.
constexpr const char* kWorked =
    "2803000000 75030000006a6f62 6907000000 5b02000000 67000000000000f83f 4e";
constexpr const char* kWorkedByPython =
    "a9 03 da 03 6a 6f 62 e9 07 00 00 00 5b 02 00 00 00 e7 00 00 00 00 00 00 f8 3f 4e";

std::string events_of(const std::vector<std::byte>& bytes) {
    ValueEvents events;
    const Result<void> decoded = decode_value(bytes, events);
    return decoded ? events.line() : "refused: " + decoded.error().detail;
}

std::string detail_of(const std::vector<std::byte>& bytes) {
    ValueEvents events;
    const Result<void> decoded = decode_value(bytes, events);
    if (decoded) return "taken";
    EXPECT_EQ(decoded.error().code, Errc::bad_packet);
    EXPECT_STREQ(decoded.error().step, "value");
    return decoded.error().detail;
}

void append(std::vector<std::byte>& to, const std::string& hex) {
    const auto more = from_hex(hex);
    to.insert(to.end(), more.begin(), more.end());
}

TEST(Value, tells_the_worked_messages) {
    const char* const told = "tuple 3, text job, integer 7, list 2, real 1.5, null, end, end";
    EXPECT_EQ(events_of(from_hex(kWorked)), told);
    EXPECT_EQ(events_of(from_hex(kWorkedByPython)), told);
}

TEST(Value, writes_the_worked_message) {
    std::string out;
    ValueWriter writer(out);
    writer.begin_tuple(3);
    writer.text("job");
    writer.integer(7);
    writer.begin_list(2);
    writer.real(1.5);
    writer.null();
    writer.end();
    EXPECT_FALSE(writer.is_whole());
    writer.end();
    EXPECT_TRUE(writer.is_whole());
    EXPECT_EQ(as_text(from_hex(kWorked)), out);
}

TEST(Value, tells_every_form) {
    const struct {
        const char *what, *hex, *told;
    } rows[] = {
        {"none", "4e", "null"},
        {"false", "46", "false"},
        {"true", "54", "true"},
        {"i, least", "69 00000080", "integer -2147483648"},
        {"i, greatest", "69 ffffff7f", "integer 2147483647"},
        {"I", "49 00000000 00000080", "integer -9223372036854775808"},
        {"l of 0", "6c 00000000", "integer 0"},
        {"l that is small", "6c 01000000 0500", "integer 5"},
        {"l that is small and negative", "6c ffffffff 0500", "integer -5"},
        {"l, 2^15", "6c 02000000 0000 0100", "integer 32768"},
        {"l, 2^63 - 1", "6c 05000000 ff7f ff7f ff7f ff7f 0700", "integer 9223372036854775807"},
        {"l, 2^63", "6c 05000000 0000 0000 0000 0000 0800", "big_integer +0000000000000080"},
        {"l, -2^63", "6c fbffffff 0000 0000 0000 0000 0800", "integer -9223372036854775808"},
        {"l, -2^63 - 1", "6c fbffffff 0100 0000 0000 0000 0800", "big_integer -0100000000000080"},
        {"l, 2^64", "6c 05000000 0000 0000 0000 0000 1000", "big_integer +000000000000000001"},
        {"g", "67 000000000000f83f", "real 1.5"},
        {"g, -0.0", "67 0000000000000080", "real -0"},
        {"f", "66 03 312e35", "real 1.5"},
        {"f, exponent", "66 07 2d312e652d3130", "real -1e-10"},
        {"f, the least", "66 17 342e39343036353634353834313234363534652d333234",
         "real 4.9406564584124654e-324"},
        {"f, infinite", "66 04 2d696e66", "real -inf"},
        {"f, nan", "66 03 6e616e", "real nan"},
        {"y", "79 000000000000f83f 00000000000000c0", "complex 1.5 -2"},
        {"x", "78 01 30 02 2d32", "complex 0 -2"},
        {"u", "75 02000000 c3a9", "text \u00e9"},
        {"u, half a pair", "75 03000000 eda080", "text \xed\xa0\x80"},
        {"u, a pair as two", "75 06000000 eda080edb080", "text \xed\xa0\x80\xed\xb0\x80"},
        {"t", "74 02000000 c3a9", "text \u00e9"},
        {"a", "61 01000000 61", "text a"},
        {"A", "41 01000000 61", "text a"},
        {"z", "7a 01 61", "text a"},
        {"Z", "5a 00", "text "},
        {"s", "73 02000000 00ff", "bytes 00ff"},
        {"empty tuple", "28 00000000", "tuple 0, end"},
        {"small tuple", "29 02 4e 54", "tuple 2, null, true, end"},
        {"list", "5b 01000000 4e", "list 1, null, end"},
        {"dict", "7b 4e 54 46 4e 30", "dict, null, true, false, null, end"},
        {"empty dict", "7b 30", "dict, end"},
        {"dict, one key twice", "7b 4e 54 4e 46 30", "dict, null, true, null, false, end"},
        {"set", "3c 01000000 4e", "set 1, null, end"},
        {"frozenset in a set", "3c 01000000 3e 01000000 4e", "set 1, frozenset 1, null, end, end"},
        {"tuple as a key, list as its value", "7b 29 01 4e 5b 00000000 30",
         "dict, tuple 1, null, end, list 0, end, end"},
    };
    for (const auto& row : rows) {
        SCOPED_TRACE(row.what);
        EXPECT_EQ(events_of(from_hex(row.hex)), row.told);
    }
}

TEST(Value, follows_references) {
    const struct {
        const char *what, *hex, *told;
    } rows[] = {
        {"to text", "5b 02000000 fa 01 61 72 00000000", "list 2, text a, text a, end"},
        {"marked without use", "f5 01000000 61", "text a"},
        {"outer containers are counted first", "db 02000000 fa 01 61 72 01000000",
         "list 2, text a, text a, end"},
        {"to an empty tuple", "5b 02000000 a9 00 72 00000000",
         "list 2, tuple 0, end, tuple 0, end, end"},
        {"to what has a reference itself", "29 03 fa 01 61 a9 01 72 00000000 72 01000000",
         "tuple 3, text a, tuple 1, text a, end, tuple 1, text a, end, end"},
        {"marks are not counted again", "29 04 a9 01 fa 01 61 72 00000000 fa 01 62 72 02000000",
         "tuple 4, tuple 1, text a, end, tuple 1, text a, end, text b, text b, end"},
        {"to a frozenset as a key", "29 02 be 00000000 7b 72 00000000 4e 30",
         "tuple 2, frozenset 0, end, dict, frozenset 0, end, null, end, end"},
        {"Python 2: {'a': 'a'}", "7b 74 01000000 61 52 00000000 30", "dict, text a, text a, end"},
        {"Python 2: the second of two", "28 03000000 74 01000000 61 74 01000000 62 52 01000000",
         "tuple 3, text a, text b, text b, end"},
        {"both tables", "28 04000000 fa 01 7a f4 01000000 61 52 00000000 72 01000000",
         "tuple 4, text z, text a, text a, text a, end"},
    };
    for (const auto& row : rows) {
        SCOPED_TRACE(row.what);
        EXPECT_EQ(events_of(from_hex(row.hex)), row.told);
    }
}

TEST(Value, refuses) {
    const struct {
        const char *what, *hex, *why;
    } rows[] = {
        {"nothing", "", "cut short"},
        {"a byte behind", "4e 4e", "bytes left over"},
        {"an end behind", "7b 30 30", "bytes left over"},
        {"code", "63 00000000", "not a plain value"},
        {"marked code", "e3 00000000", "not a plain value"},
        {"slice", "3a 4e 4e 4e", "not a plain value"},
        {"StopIteration", "53", "not a plain value"},
        {"Ellipsis", "2e", "not a plain value"},
        {"unknown", "3f", "not a plain value"},
        {"zero", "00", "not a plain value"},
        {"marked none", "ce", "not a plain value"},
        {"marked true", "d4", "not a plain value"},
        {"marked false", "c6", "not a plain value"},
        {"marked end", "7b b0", "not a plain value"},
        {"marked reference", "5b 02000000 fa 01 61 f2 00000000", "not a plain value"},
        {"marked text reference", "5b 02000000 74 01000000 61 d2 00000000", "not a plain value"},
        {"end alone", "30", "an end where a value belongs"},
        {"end in a list", "5b 01000000 30", "an end where a value belongs"},
        {"end instead of a dict's value", "7b 4e 30", "an end where a value belongs"},
        {"negative length", "75 ffffffff", "cut short"},
        {"negative count", "5b ffffffff 4e", "cut short"},
        {"more items than bytes", "5b 02000000 4e", "cut short"},
        {"more items than bytes, with what is outside", "29 02 5b 02000000 4e 4e", "cut short"},
        {"dict without an end", "7b 4e 54", "cut short"},
        {"more digits than bytes", "6c 02000000 0100", "cut short"},
        {"the most digits", "6c 00000080 0100", "cut short"},
        {"last digit 0", "6c 02000000 0100 0000", "malformed integer"},
        {"digit of 16 bits", "6c 01000000 0080", "malformed integer"},
        {"real without digits", "66 00", "malformed real"},
        {"real with a plus", "66 02 2b31", "malformed real"},
        {"real with white space", "66 02 2031", "malformed real"},
        {"real with more behind", "66 02 316a", "malformed real"},
        {"real in hex", "66 03 307831", "malformed real"},
        {"real out of range", "66 05 3165393939", "malformed real"},
        {"infinity in full", "66 08 696e66696e697479", "malformed real"},
        {"nan of a kind", "66 05 6e616e2829", "malformed real"},
        {"complex of no numbers", "78 01 30 01 61", "malformed real"},
        {"text that is not UTF-8", "75 01000000 ff", "malformed text"},
        {"text that is too long for its points", "75 02000000 c080", "malformed text"},
        {"interned text that is not UTF-8", "74 01000000 ff", "malformed text"},
        {"Latin-1 as ASCII", "7a 01 e9", "malformed text"},
        {"Latin-1 as long ASCII", "61 01000000 e9", "malformed text"},
        {"a list as a key", "7b 5b 00000000 4e 30",
         "a changeable value as a key or an item of a set"},
        {"a dict as a key", "7b 7b 30 4e 30", "a changeable value as a key or an item of a set"},
        {"a set in a set", "3c 01000000 3c 00000000",
         "a changeable value as a key or an item of a set"},
        {"a list in a tuple in a frozenset", "3e 01000000 29 01 5b 00000000",
         "a changeable value as a key or an item of a set"},
        {"a list as a key by reference", "29 02 db 00000000 7b 72 00000000 4e 30",
         "a changeable value as a key or an item of a set"},
        {"no such reference", "72 00000000", "reference to nothing"},
        {"reference to what comes later", "5b 02000000 72 00000000 fa 01 61",
         "reference to nothing"},
        {"reference to its container", "db 01000000 72 00000000", "reference to nothing"},
        {"reference to a tuple further out", "a9 01 5b 01000000 72 00000000",
         "reference to nothing"},
        {"text reference to nothing", "52 00000000", "reference to nothing"},
        {"text reference to text that is not interned", "29 02 75 01000000 61 52 00000000",
         "reference to nothing"},
    };
    for (const auto& row : rows) {
        SCOPED_TRACE(row.what);
        EXPECT_EQ(detail_of(from_hex(row.hex)), row.why);
    }
}

TEST(Value, refuses_every_beginning_of_a_value) {
    const char* const whole[] = {
        kWorked,
        kWorkedByPython,
        "7b 6c 02000000 0000 0100 66 03 312e35 78 01 30 01 31 79 00000000000000000000000000000000"
        "73 01000000 00 49 0000000000000000 61 01000000 61 3c 01000000 4e 30",
        "5b 03000000 f4 01000000 61 52 00000000 72 00000000",
    };
    for (const char* hex : whole) {
        const auto bytes = from_hex(hex);
        ASSERT_EQ(detail_of(bytes), "taken");
        for (std::size_t size = 0; size < bytes.size(); ++size) {
            EXPECT_EQ(detail_of({bytes.begin(), bytes.begin() + static_cast<std::ptrdiff_t>(size)}),
                      "cut short")
                << hex << " at " << size;
        }
    }
}

TEST(Value, tells_no_count_that_the_bytes_left_do_not_bear_out) {
    ValueEvents events;
    EXPECT_FALSE(decode_value(from_hex("29 02 5b 05000000 4e 4e 4e 4e 4e"), events));
    EXPECT_EQ(events.line(), "tuple 2");
}

TEST(Value, goes_as_deep_as_the_limit_and_no_deeper) {
    std::vector<std::byte> bytes;
    for (std::size_t i = 0; i < kMaxValueDepth; ++i) append(bytes, "29 01");
    auto deepest = bytes, deeper = bytes;
    append(deepest, "4e");
    append(deeper, "29 00");
    EXPECT_EQ(detail_of(deepest), "taken");
    EXPECT_EQ(detail_of(deeper), "nested too deeply");
}

TEST(Value, counts_the_depth_through_references) {
    // Each tuple holds the previous one.
    std::vector<std::byte> bytes = from_hex("28 65000000 fa 01 61");
    for (unsigned i = 0; i < 100; ++i) {
        append(bytes, "a9 01 72");
        bytes.insert(bytes.end(), {std::byte(i), std::byte{0}, std::byte{0}, std::byte{0}});
    }
    EXPECT_EQ(detail_of(bytes), "nested too deeply");
    bytes[1] = std::byte{0x64};
    bytes.erase(bytes.end() - 7, bytes.end());
    EXPECT_EQ(detail_of(bytes), "taken");
}

// Each list holds the previous list ten times.
std::vector<std::byte> laughs(unsigned levels) {
    std::vector<std::byte> bytes = from_hex("29");
    bytes.push_back(std::byte(levels + 1));
    append(bytes, "fa 01 61");
    for (unsigned level = 0; level < levels; ++level) {
        append(bytes, "db 0a000000");
        for (int i = 0; i < 10; ++i) {
            append(bytes, "72");
            bytes.insert(bytes.end(), {std::byte(level), std::byte{0}, std::byte{0}, std::byte{0}});
        }
    }
    return bytes;
}

TEST(Value, bounds_what_references_stand_for) {
    EXPECT_EQ(detail_of(laughs(4)), "taken");
    EXPECT_EQ(detail_of(laughs(6)), "references stand for too many values");
    EXPECT_EQ(detail_of(laughs(50)), "references stand for too many values");
}

TEST(Value, takes_references_up_to_64_times_the_message_and_a_mebibyte) {
    // A text of 1 MiB and references to the text, 5 bytes each.
    constexpr std::size_t kText = 1024 * 1024 - 5;
    const auto with_references = [](std::size_t count) {
        std::vector<std::byte> bytes = from_hex("28");
        const auto append_u32 = [&](std::size_t value) {
            for (int shift = 0; shift < 32; shift += 8) bytes.push_back(std::byte(value >> shift));
        };
        append_u32(count + 1);
        append(bytes, "f5");
        append_u32(kText);
        bytes.resize(bytes.size() + kText, std::byte{'a'});
        for (std::size_t i = 0; i < count; ++i) append(bytes, "72 00000000");
        return bytes;
    };
    EXPECT_EQ(detail_of(with_references(65)), "taken");
    EXPECT_EQ(detail_of(with_references(66)), "references stand for too many values");
}

TEST(Value, a_sink_may_stop_at_every_event) {
    const auto bytes = from_hex(
        "29 0b 4e 54 69 07000000 6c 05000000 0000 0000 0000 0000 0800 67 0000000000000000"
        "79 00000000000000000000000000000000 f5 01000000 61 73 01000000 00 72 00000000"
        "5b 01000000 3c 01000000 3e 00000000 7b 4e 4e 30");
    ValueEvents all;
    ASSERT_TRUE(decode_value(bytes, all));
    ASSERT_EQ(all.count(), 21u);
    for (std::size_t stop_at = 1; stop_at <= all.count(); ++stop_at) {
        ValueEvents events(stop_at);
        EXPECT_TRUE(decode_value(bytes, events));
        EXPECT_EQ(events.count(), stop_at);
    }
}

}  // namespace
}  // namespace mailslot::wire
