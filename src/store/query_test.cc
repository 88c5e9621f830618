// The query language: what is accepted, what is refused and where, and times.
#include "store/query.h"

#include <gtest/gtest.h>

#include "store/matcher.h"
#include "store/testing/temporary_store.h"
#include "store/words.h"

namespace mailslot::store {
namespace {

// Decides by the last step alone.
bool matches(std::string_view query, const OwnedMessage& message) {
    Matcher matcher(parse_query(query, utc_base()).value());
    const Source source{message.slot,   message.host,  message.address,
                        message.origin, message.trust, message.format};
    (void)matcher.of_sources(std::span(&source, 1));
    Row row{.kept_us = message.kept_us,
            .text_bytes = static_cast<std::uint32_t>(message.text.size())};
    row.level_code = static_cast<std::uint16_t>(message.level ? *message.level + 1 : 0);
    std::string folded;
    append_folded(folded, message.text);
    return matcher.matches(row, message.text, folded);
}

struct Case {
    std::string_view query, text;
    bool matches;
};

TEST(Query, words_and_parts_of_words) {
    constexpr Case kCases[] = {
        {"", "anything", true},
        {"disk", "the disk is full", true},
        {"disk", "the DISK is full", true},
        {"DISK", "the disk is full", true},
        {"disk", "diskette", false},
        {"disk", "ramdisk", false},
        {"disk", "ramdisk disk", true},
        {"disk*", "diskette", true},
        {"disk*", "ramdisk", false},
        {"*disk", "ramdisk", true},
        {"*disk", "diskette", false},
        {"*isk*", "ramdiskette", true},
        {"\"disk full\"", "disk full!", true},
        {"\"disk full\"", "disk  full", false},
        {"\"disk full\"", "disk fuller", false},
        {"\"a|b\"", "x a|b y", true},
        {R"("say \"hi\"")", R"(they say "hi" now)", true},
        {R"("back\\slash")", R"(a back\slash)", true},
        {"=>", "a=>b", true},
        {"a-b", "x a-b y", true},
        {"var/log", "in /var/log/syslog", true},
        {"disk full", "full disk", true},
        {"disk full", "disk", false},
        {"-disk", "disk", false},
        {"-disk", "tape", true},
        {"disk -full", "disk full", false},
        {"disk|tape", "tape", true},
        {"disk | tape", "tape", true},
        {"disk|tape full", "tape", false},
        {"disk|tape full", "tape full", true},
        {"disk|-full", "tape", true},
        {"/d.sk/", "a disk", true},
        {"/D.SK/", "a disk", false},
        {"/(?i)D.SK/", "a disk", true},
        {"/a\\/b/", "a/b", true},
        {"/^a$/", "ab", false},
        {"-/d.sk/", "a tape", true},
    };
    for (const Case& c : kCases) {
        SCOPED_TRACE(std::string(c.query) + " ~ " + std::string(c.text));
        OwnedMessage message;
        message.text = c.text;
        EXPECT_EQ(matches(c.query, message), c.matches);
    }
}

TEST(Query, fields) {
    OwnedMessage message;
    message.host = "Alpha";
    message.slot = "LOG\\Disk";
    message.address = "10.0.0.7";
    message.trust = Trust::domain;
    message.level = 30;
    for (const std::string_view query :
         {"host:alpha", "host:ALPHA", "host:a*", "host:*ph*", "slot:log*", "address:10.0.*",
          "trust:domain", "level:warning", "level:WARNING", "level:>=warning", "level:<error",
          "level:>20", "level:=30", "level:<=30", "since:22:13", "until:-0s|host:alpha",
          "since:2023-11-14", "since:2023-11-14T22:13:20Z", "host:\"Alpha\""})
        EXPECT_TRUE(matches(query, message)) << query;
    for (const std::string_view query :
         {"host:alph", "host:*b", "slot:LOG", "trust:none", "level:error", "level:>warning",
          "level:<30", "until:22:13", "since:2023-11-15", "-host:alpha",
          "until:2023-11-14T22:13:20Z"})
        EXPECT_FALSE(matches(query, message)) << query;
    message.level.reset();
    EXPECT_FALSE(matches("level:>=0", message));
    EXPECT_TRUE(matches("-level:>=0", message));
}

TEST(Query, faults_have_a_place_and_a_reason) {
    const struct {
        std::string query;
        std::size_t at;
        std::string_view what;
    } kCases[] = {
        {"level:>=wrning", 8, "unknown level 'wrning'"},
        {"a level:x", 8, "unknown level 'x'"},
        {"trust:full", 6, "unknown trust 'full'"},
        {"colour:red", 0, "unknown field 'colour'"},
        {"a http://x", 2, "unknown field 'http'"},
        {"since:yesterday", 6, "is not a time"},
        {"until:25:00", 6, "is not a time"},
        {"host:", 5, "name is missing"},
        {"\"disk full", 0, "quoted text does not end"},
        {"\"\"", 0, "is empty"},
        {"/a(/", 1, "expression is wrong"},
        {"/abc", 0, "expression does not end"},
        {"/var/log", 5, "blank is missing"},
        {"|a", 0, "stands between terms"},
        {"a||b", 2, "stands between terms"},
        {"a |", 3, "missing after |"},
        {"-", 1, "missing after -"},
        {"--a", 1, "a second -"},
        {"*", 0, "needs a part"},
        {"a*b", 1, "beginning or end"},
        {"a\"b\"", 1, "before the quote"},
        {std::string(5000, 'a'), 4096, "more than 4096"},
        {[] {
             std::string many;
             for (int i = 0; i < 65; ++i) many += "a ";
             return many;
         }(),
         128, "more than 64 terms"},
    };
    for (const auto& c : kCases) {
        SCOPED_TRACE(c.query.substr(0, 40));
        const auto query = parse_query(c.query, utc_base());
        ASSERT_FALSE(query);
        EXPECT_EQ(query.error().at, c.at);
        EXPECT_NE(query.error().what.find(c.what), std::string::npos) << query.error().what;
    }
    EXPECT_EQ(to_string(QueryFault{6, "unknown level 'x'"}), "unknown level 'x' (at character 7)");
}

TEST(Query, an_expression_that_would_take_too_much_memory_is_refused) {
    EXPECT_FALSE(parse_query("/((a{100}){100}){100}/", utc_base()));
}

TEST(Query, text_that_is_no_utf8_is_searched_all_the_same) {
    OwnedMessage message;
    message.text = "caf\xe9 disk";
    EXPECT_TRUE(matches("disk", message));
    EXPECT_TRUE(matches("/d.sk/", message));
    EXPECT_TRUE(matches("/caf\xe9/", message));
    EXPECT_TRUE(matches("*caf*", message));
}

TEST(TimeText, moments) {
    constexpr std::int64_t kSecond = 1'000'000;
    const TimeBase base = utc_base();
    const struct {
        std::string_view text;
        std::int64_t seconds;
    } kCases[] = {
        {"-90s", 1'700'000'000 - 90},
        {"-5m", 1'700'000'000 - 300},
        {"-2h", 1'700'000'000 - 7200},
        {"-3d", 1'700'000'000 - 3 * 86400},
        {"22:13", 1'699'999'980},
        {"22:13:20", 1'700'000'000},
        {"22:14", 1'700'000'040 - 86400},
        {"2023-11-14", 1'699'920'000},
        {"2023-11-14T08:30", 1'699'950'600},
        {"2023-11-14T08:30:15Z", 1'699'950'615},
    };
    for (const auto& c : kCases) EXPECT_EQ(parse_time(c.text, base), c.seconds * kSecond) << c.text;
    EXPECT_EQ(parse_time("22:13", base, TimeOfDay::coming), (1'699'999'980 + 86400) * kSecond);
    EXPECT_EQ(parse_time("22:14", base, TimeOfDay::coming), 1'700'000'040 * kSecond);
    for (const std::string_view text :
         {"", "-", "-5", "-5x", "5m", "--5m", "12", "12:", "1:00", "24:00", "12:60", "12:00x",
          "2023-02-29", "2023-13-01", "1969-01-01", "2023-11-14T", "2023-11-14 08:30",
          "-9999999999d", "-2000000d"})
        EXPECT_FALSE(parse_time(text, base)) << text;
}

TEST(TimeText, shown_as_local_time) {
    std::string out;
    append_local_time(out, 1'700'000'000'123'456, utc_base());
    EXPECT_EQ(out, "2023-11-14 22:13:20.123");
    for (const std::int64_t us : {std::numeric_limits<std::int64_t>::min(), std::int64_t{-1},
                                  std::numeric_limits<std::int64_t>::max()}) {
        out.clear();
        append_local_time(out, us, utc_base());
        EXPECT_LT(out.size(), 60u);
    }
}

}  // namespace
}  // namespace mailslot::store
