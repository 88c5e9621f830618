#include "wire/winsys_record.h"

#include <gtest/gtest.h>

#include "wire/testing/hex.h"

namespace mailslot::wire {
namespace {

struct Row {
    const char* what;
    Format format;
    const char* hex;
    std::optional<WinsysRecord> record;
};

WinsysRecord says(const char* text) { return {.text = text}; }
const WinsysRecord kEnd{.is_end = true};

TEST(WinsysRecord, is_a_text_that_was_marshalled_or_the_end) {
    // Written by `marshal` of Python 3.11 and 2.7.
    const Row rows[] = {
        {"Python 3, over our wire", Format::bytes, "fa 04 6469736b", says("disk")},
        {"Python 3, marshalled twice, over the classic wire", Format::unknown,
         "f3 06000000 fa 04 6469736b", says("disk")},
        {"Python 3, not ASCII", Format::bytes, "f5 02000000 c3bc", says("\xc3\xbc")},
        {"Python 2, unicode", Format::unknown, "73 09000000 75 04000000 6469736b", says("disk")},
        {"Python 2, str", Format::unknown, "73 09000000 73 04000000 6469736b", says("disk")},
        {"marshalled once", Format::unknown, "73 04000000 6469736b", says("disk")},
        {"an empty text", Format::bytes, "fa 00", says("")},
        {"closed, over our wire", Format::bytes, "4e", kEnd},
        {"closed, over the classic wire", Format::unknown, "f3 01000000 4e", kEnd},
        {"closed, marshalled once", Format::unknown, "4e", kEnd},
        {"None as a value", Format::value, "4e", kEnd},
        {"another value", Format::value, "fa 01 61", std::nullopt},
        {"text that says so", Format::text, "4e", std::nullopt},
        {"bytes", Format::bytes, "ff00", std::nullopt},
        {"bytes that begin like a text", Format::bytes, "fa 04 6469", std::nullopt},
        {"a text and more", Format::bytes, "fa 01 61 62", std::nullopt},
        {"a number", Format::bytes, "69 01000000", std::nullopt},
        {"true", Format::bytes, "54", std::nullopt},
        {"a list of texts", Format::bytes, "5b 01000000 fa 01 61", std::nullopt},
        {"bytes in bytes that are no text", Format::bytes, "73 01000000 ff", std::nullopt},
        {"a lone surrogate", Format::bytes, "75 03000000 edb280", std::nullopt},
        {"three levels: the third is shown", Format::bytes, "73 07000000 73 02000000 fa00",
         std::nullopt},
        {"nothing", Format::bytes, "", std::nullopt},
    };
    for (const Row& row : rows) {
        SCOPED_TRACE(row.what);
        EXPECT_EQ(winsys_record(from_hex(row.hex), row.format), row.record);
    }
}

}  // namespace
}  // namespace mailslot::wire
