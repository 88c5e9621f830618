#include "mailslot/json_line.h"

#include <gtest/gtest.h>

#include <string>

namespace mailslot::cli {
namespace {

using std::chrono::microseconds;
using std::chrono::system_clock;
using namespace std::string_view_literals;

struct TextCase {
    const char* what;
    std::string_view in;
    std::string_view out;
};

TEST(JsonLine, quotes_any_text) {
    constexpr TextCase kCases[] = {
        {"empty", "", R"("")"},
        {"plain", "HELLO", R"("HELLO")"},
        {"quote and backslash", R"(a"b\c)", R"("a\"b\\c")"},
        {"line ends and tabs", "a\nb\rc\td", R"("a\nb\rc\td")"},
        {"NUL, escape and delete", "\0\x1b\x7f"sv, R"("\u0000\u001b\u007f")"},
        {"UTF-8 stays as it is", "gr\xc3\xbc\xc3\x9f", "\"gr\xc3\xbc\xc3\x9f\""},
        {"CSI and NEL of C1", "\u009b31m\u0085", R"("\u009b31m\u0085")"},
        {"lines and directions", "\u2028\u2029\u202e\u2066\u200f\u061c",
         R"("\u2028\u2029\u202e\u2066\u200f\u061c")"},
        {"neighbours of these stay", "\u00a0\u2027\u2030\u061b", "\"\u00a0\u2027\u2030\u061b\""},
        {"no UTF-8", "a\xff\xfe\"", "\"a\xef\xbf\xbd\xef\xbf\xbd\\\"\""},
    };
    for (const TextCase& c : kCases) {
        SCOPED_TRACE(c.what);
        std::string out;
        append_json_string(out, c.in);
        EXPECT_EQ(out, c.out);
    }
}

// Every byte at every place of a word, and after it: parsing by the rules of JSON must give the
// byte back.
TEST(JsonLine, escapes_a_byte_wherever_it_stands) {
    for (int byte = 0; byte < 0x80; ++byte) {
        const bool escapes = byte < 0x20 || byte == '"' || byte == '\\' || byte == 0x7f;
        for (std::size_t place = 0; place < 19; ++place) {
            std::string text(19, 'x'), out;
            text[place] = static_cast<char>(byte);
            append_json_string(out, text);
            SCOPED_TRACE(testing::Message() << "byte " << byte << " at " << place << ": " << out);
            EXPECT_EQ(out == '"' + text + '"', !escapes);
            EXPECT_EQ(out[1 + place] == '\\', escapes);
        }
    }
}

TEST(JsonLine, finds_a_byte_that_is_not_utf8_wherever_it_stands) {
    for (std::size_t place = 0; place < 19; ++place) {
        std::string text(19, 'x'), out;
        text[place] = '\xff';
        append_json_line(out, {.data = text});
        EXPECT_NE(out.find("\"base64\""), std::string::npos) << out;
    }
}

TEST(JsonLine, escapes_a_byte_wherever_it_stands_also_among_others_than_ascii) {
    for (const std::string_view around : {"x"sv, "\xc3\xbc"sv}) {
        for (std::size_t place = 0; place < 19; ++place) {
            std::string text, expected = "\"", out;
            for (std::size_t i = 0; i < 19; ++i) {
                text += i == place ? "\x01" : around;
                expected += i == place ? "\\u0001" : around;
            }
            append_json_string(out, text);
            EXPECT_EQ(out, expected + "\"");
        }
    }
}

TEST(JsonLine, escapes_a_control_wherever_it_stands) {
    for (const std::string_view around : {"x"sv, "\xc3\xbc"sv, "\xe2\x82\xac"sv}) {
        for (std::size_t place = 0; place < 19; ++place) {
            std::string text, expected = "\"", out;
            for (std::size_t i = 0; i < 19; ++i) {
                text += i == place ? "\u202e\u009b" : around;
                expected += i == place ? "\\u202e\\u009b" : around;
            }
            append_json_string(out, text);
            EXPECT_EQ(out, expected + "\"");
        }
    }
}

// Rows from RFC 4648 section 10.
TEST(JsonLine, writes_base64) {
    constexpr TextCase kCases[] = {
        {"0", "", ""},
        {"1", "f", "Zg=="},
        {"2", "fo", "Zm8="},
        {"3", "foo", "Zm9v"},
        {"4", "foob", "Zm9vYg=="},
        {"5", "fooba", "Zm9vYmE="},
        {"6", "foobar", "Zm9vYmFy"},
        {"high bits", "\xff\xfe\xfd\0"sv, "//79AA=="},
    };
    for (const TextCase& c : kCases) {
        SCOPED_TRACE(c.what);
        std::string out;
        append_base64(out, c.in);
        EXPECT_EQ(out, c.out);
    }
}

struct TimeCase {
    std::int64_t unix_microseconds;
    std::string_view out;
};

TEST(JsonLine, writes_times_in_utc) {
    constexpr TimeCase kCases[] = {
        {0, "1970-01-01T00:00:00.000000Z"},
        {1'582'934'400'000'001, "2020-02-29T00:00:00.000001Z"},
        {1'795'392'332'987'654, "2026-11-23T00:05:32.987654Z"},
        {-1, "1969-12-31T23:59:59.999999Z"},
    };
    for (const TimeCase& c : kCases) {
        std::string out;
        append_utc(out, system_clock::time_point(microseconds(c.unix_microseconds)));
        EXPECT_EQ(out, c.out);
    }
}

TEST(JsonLine, has_the_whole_envelope_in_one_line) {
    std::string out;
    append_json_line(out, {.slot = "LISTENER",
                           .from_host = "FILESRV",
                           .from_address = "10.0.0.7",
                           .data = "HELLO\n",
                           .origin = 0x00ff'0000'0000'0001,
                           .sequence = 18'446'744'073'709'551'615u,
                           .lost_before = 3,
                           .trust = Trust::local});
    EXPECT_EQ(out, R"({"slot":"LISTENER","text":"HELLO\n","bytes":6,"from_host":"FILESRV",)"
                   R"("from_address":"10.0.0.7","origin":"00ff000000000001",)"
                   R"("sequence":18446744073709551615,"sent_at":"1970-01-01T00:00:00.000000Z",)"
                   R"("trust":"local","lost_before":3})"
                   "\n");
}

TEST(JsonLine, gives_base64_for_bytes_and_for_text_that_is_not_utf8) {
    std::string bytes, broken;
    append_json_line(bytes, {.data = "abc", .format = Format::bytes});
    append_json_line(broken, {.data = "\xff", .format = Format::text});
    EXPECT_NE(bytes.find(R"("base64":"YWJj")"), std::string::npos) << bytes;
    EXPECT_NE(broken.find(R"("base64":"/w==")"), std::string::npos) << broken;
    EXPECT_EQ(bytes.find("\"text\""), std::string::npos);
}

TEST(JsonLine, objects_put_commas_between_members_only) {
    std::string out;
    {
        JsonObject object(out);
        object.add("a", std::string_view("x")).add("b", 7).add_null("c");
        JsonObject(object.value("d")).add("e", 1);
    }
    EXPECT_EQ(out, R"({"a":"x","b":7,"c":null,"d":{"e":1}})");
}

}  // namespace
}  // namespace mailslot::cli
