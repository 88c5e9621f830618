// Rows are named after the rules in docs/names.md.
#include "model/address.h"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include "model/fold.h"
#include "model/limits.h"
#include "model/testing/unicode_gen.h"

namespace mailslot {
namespace {

const std::string kLeaf246(246, 'x');  // the longest that fits behind \\.\mailslot\ .
const std::string kLeaf247(247, 'x');

std::string repeated(std::string_view text, int times) {
    std::string all;
    for (int i = 0; i < times; ++i) all += text;
    return all;
}

struct GoodCase {
    const char* what;
    std::string text;
    Place place;
    std::string printed;
};

const GoodCase kGood[] = {
    {"N1 full form", R"(\\.\mailslot\x)", Place::here, R"(\\.\mailslot\x)"},
    {"N1 bare name", "x", Place::here, R"(\\.\mailslot\x)"},
    {"N1 bare nested name", R"(a\b)", Place::here, R"(\\.\mailslot\a\b)"},
    {"N2 bare word, for readers too", "LISTENER", Place::here, R"(\\.\mailslot\LISTENER)"},
    {"N5 the word in any case", R"(\\.\MaIlSlOt\x)", Place::here, R"(\\.\mailslot\x)"},
    {"N5 the name as written", R"(\\.\mailslot\Été中)", Place::here, R"(\\.\mailslot\Été中)"},
    {"N6 nested", R"(\\.\mailslot\a\b\c)", Place::here, R"(\\.\mailslot\a\b\c)"},
    {"N7 slashes", "//./mailslot/x", Place::here, R"(\\.\mailslot\x)"},
    {"N7 both mixed", R"(\/./mailslot\a/b)", Place::here, R"(\\.\mailslot\a\b)"},
    {"N7 bare with a slash", "a/b", Place::here, R"(\\.\mailslot\a\b)"},
    {"N8 question mark", R"(\\?\mailslot\x)", Place::here, R"(\\.\mailslot\x)"},
    {"N8 question mark and slashes", "//?/mailslot/a/b", Place::here, R"(\\.\mailslot\a\b)"},
    {"N8 normalises as N9 says", R"(\\?\mailslot\a\..\.\\x)", Place::here, R"(\\.\mailslot\x)"},
    {"N9 up and down", R"(\\.\mailslot\a\..\x)", Place::here, R"(\\.\mailslot\x)"},
    {"N9 one dot", R"(\\.\mailslot\.\x)", Place::here, R"(\\.\mailslot\x)"},
    {"N9 one dot at the end", R"(\\.\mailslot\x\.)", Place::here, R"(\\.\mailslot\x)"},
    {"N9 two dots at the end", R"(\\.\mailslot\a\b\..)", Place::here, R"(\\.\mailslot\a)"},
    {"N9 doubled separator", R"(\\.\mailslot\a\\b)", Place::here, R"(\\.\mailslot\a\b)"},
    {"N9 doubled separator before the word", R"(\\.\\mailslot\x)", Place::here,
     R"(\\.\mailslot\x)"},
    {"N9 doubled slashes, another place", "//*//mailslot//x", Place::everybody,
     R"(\\*\mailslot\x)"},
    {"N9 many separators before the word", R"(\\?\\\mailslot\x)", Place::here, R"(\\.\mailslot\x)"},
    {"N9 doubled separator before the name", R"(\\.\mailslot\\x)", Place::here,
     R"(\\.\mailslot\x)"},
    {"N9 bare", R"(.\a\..\x)", Place::here, R"(\\.\mailslot\x)"},
    {"N9 three dots are a part", R"(...\x)", Place::here, R"(\\.\mailslot\...\x)"},
    {"N9 dots and a blank are a part", R"(a\.. \x)", Place::here, R"(\\.\mailslot\a\.. \x)"},
    {"N9 on another machine", R"(\\HOST\mailslot\a/../x)", Place::named, R"(\\HOST\mailslot\x)"},
    {"N10 trailing dot", R"(\\.\mailslot\x.)", Place::here, R"(\\.\mailslot\x)"},
    {"N10 trailing blank", "x ", Place::here, R"(\\.\mailslot\x)"},
    {"N10 several of both", "x. . .", Place::here, R"(\\.\mailslot\x)"},
    {"N10 the last part only", R"(a.\b .\x)", Place::here, R"(\\.\mailslot\a.\b .\x)"},
    {"N10 the part that N9 leaves last", R"(a.\b\..)", Place::here, R"(\\.\mailslot\a)"},
    {"N10 not at the start", " .x", Place::here, R"(\\.\mailslot\ .x)"},
    {"N10 not a tab", "x\t", Place::here, "\\\\.\\mailslot\\x\t"},
    {"N10 on another machine", R"(\\*\mailslot\x.)", Place::everybody, R"(\\*\mailslot\x)"},
    {"N10 not under a question mark: dot", R"(\\?\mailslot\x.)", Place::here, R"(\\?\mailslot\x.)"},
    {"N10 not under a question mark: blank", R"(\\?\mailslot\a\ )", Place::here,
     R"(\\?\mailslot\a\ )"},
    {"N10 not under a question mark: dots", R"(\\?\mailslot\...)", Place::here,
     R"(\\?\mailslot\...)"},
    {"N13 every odd character", R"(*?<>:"| %'&~#)", Place::here, R"(\\.\mailslot\*?<>:"| %'&~#)"},
    {"N13 control characters", "\x01\n\x7F", Place::here, "\\\\.\\mailslot\\\x01\n\x7F"},
    {"N13 a star is a name", "*", Place::here, R"(\\.\mailslot\*)"},
    {"N14 the longest name", kLeaf246, Place::here, R"(\\.\mailslot\)" + kLeaf246},
    {"N14 counts units, not bytes", repeated("中", 246), Place::here,
     R"(\\.\mailslot\)" + repeated("中", 246)},
    {"N14 two units above the first plane", repeated("😀", 123), Place::here,
     R"(\\.\mailslot\)" + repeated("😀", 123)},
    {"N14 counts what is left", kLeaf246 + "....", Place::here, R"(\\.\mailslot\)" + kLeaf246},
    {"N15 behind the prefix the word is a name", R"(\\.\mailslot\mailslot\x)", Place::here,
     R"(\\.\mailslot\mailslot\x)"},
    {"N15 the word alone is a name", "mailslot", Place::here, R"(\\.\mailslot\mailslot)"},
    {"N15 behind the prefix a drive is a name", R"(\\.\mailslot\C:\x)", Place::here,
     R"(\\.\mailslot\C:\x)"},
    {"N15 a colon makes no drive", "ab:c", Place::here, R"(\\.\mailslot\ab:c)"},
    {"N16 everybody", R"(\\*\mailslot\x)", Place::everybody, R"(\\*\mailslot\x)"},
    {"N16 a host", R"(\\FileSrv\mailslot\x)", Place::named, R"(\\FileSrv\mailslot\x)"},
    {"N16 a host by its full name", R"(\\srv.example.org.\mailslot\x)", Place::named,
     R"(\\srv.example.org.\mailslot\x)"},
    {"N16 a place beyond ASCII", R"(\\büro\mailslot\x)", Place::named, R"(\\büro\mailslot\x)"},
    {"N16 localhost is a name", R"(\\localhost\mailslot\x)", Place::named,
     R"(\\localhost\mailslot\x)"},
    {"N16 short numbers are a name", R"(\\10.7\mailslot\x)", Place::named, R"(\\10.7\mailslot\x)"},
    {"N16 IPv4", R"(\\10.0.0.7\mailslot\x)", Place::ip, R"(\\10.0.0.7\mailslot\x)"},
    {"N16 IPv6", R"(\\::1\mailslot\x)", Place::ip, R"(\\::1\mailslot\x)"},
    {"N16 IPv6 in brackets", R"(\\[::1]\mailslot\x)", Place::ip, R"(\\[::1]\mailslot\x)"},
    {"N16 IPv6 with an interface", R"(\\fe80::1%3\mailslot\x)", Place::ip,
     R"(\\fe80::1%3\mailslot\x)"},
    {"N16 IPv6 as a UNC literal", R"(\\fe80--1s3.ipv6-literal.net\mailslot\x)", Place::ip,
     R"(\\fe80--1s3.ipv6-literal.net\mailslot\x)"},
};

TEST(Address, takes_every_form_that_the_rules_allow) {
    for (const GoodCase& c : kGood) {
        SCOPED_TRACE(c.what);
        const auto address = parse_address(c.text);
        ASSERT_TRUE(address.has_value()) << address.error().detail;
        EXPECT_EQ(address->place, c.place);
        EXPECT_EQ(to_string(*address), c.printed);
        EXPECT_EQ(address->slot.key, fold(address->slot.text));
    }
}

struct BadCase {
    const char* what;
    std::string text;
    Errc code;
    std::string_view words;  // must occur in the detail
};

const BadCase kBad[] = {
    {"N3 no text at all", std::string(std::string_view()), Errc::bad_name, "empty"},
    {"N4 empty", "", Errc::bad_name, "the name is empty"},
    {"no machine's address", R"(\\0.0.0.0\mailslot\x)", Errc::bad_name, "no machine can have"},
    {"a group", "//224.0.0.1/mailslot/x", Errc::bad_name, "no machine can have"},
    {"everybody", "//255.255.255.255/mailslot/x", Errc::bad_name, "no machine can have"},
    {"no machine's IPv6 address", "//::/mailslot/x", Errc::bad_name, "no machine can have"},
    {"an IPv6 group", "//ff02::1/mailslot/x", Errc::bad_name, "no machine can have"},
    {"a group in an IPv6 address", "//::ffff:224.0.0.1/mailslot/x", Errc::bad_name, "no machine"},
    {"N9 climbs out", R"(\\.\mailslot\..)", Errc::bad_name, "climbs out"},
    {"N9 climbs out and back", R"(\\.\mailslot\..\mailslot\x)", Errc::bad_name, "climbs out"},
    {"N9 climbs out from below", R"(\\.\mailslot\a\..\..\x)", Errc::bad_name, "climbs out"},
    {"N9 climbs out under a question mark", R"(\\?\mailslot\..\x)", Errc::bad_name, "climbs out"},
    {"N9 bare climbs out", "../x", Errc::bad_name, "climbs out"},
    {"N9 nothing is left", R"(\\.\mailslot\a\..)", Errc::bad_name, "names no slot"},
    {"N9 no doubled separator at the start", R"(\\\\.\\mailslot\\x)", Errc::bad_name, "no place"},
    {"N10 nothing but dots", "...", Errc::bad_name, "dots and blanks only"},
    {"N10 nothing but blanks", "  ", Errc::bad_name, "dots and blanks only"},
    {"N10 nothing but both, below", R"(a\. .)", Errc::bad_name, "dots and blanks only"},
    {"N11 trailing separator", R"(\\.\mailslot\x\)", Errc::bad_name, "ends in a separator"},
    {"N11 trailing slash, bare", "x/", Errc::bad_name, "ends in a separator"},
    {"N11 under a question mark", R"(\\?\mailslot\x\)", Errc::bad_name, "ends in a separator"},
    {"N12 no leaf", R"(\\.\mailslot\)", Errc::bad_name, "names no slot"},
    {"N12 not even a separator", R"(\\.\mailslot)", Errc::bad_name, "names no slot"},
    {"N12 separators only", R"(\\.\mailslot\\\)", Errc::bad_name, "names no slot"},
    {"N12 a dot only", R"(\\.\mailslot\.)", Errc::bad_name, "names no slot"},
    {"N12 a place only", R"(\\.)", Errc::bad_name, "second part"},
    {"N12 nothing but separators", R"(\\)", Errc::bad_name, "no place"},
    {"N12 everybody's, no leaf", R"(\\*\mailslot\)", Errc::bad_name, "names no slot"},
    {"N13 a zero character", std::string("a\0b", 3), Errc::bad_name, "zero character"},
    {"N13 not UTF-8", "caf\xE9", Errc::bad_name, "not valid UTF-8"},
    {"N13 a surrogate is not UTF-8", "\xED\xA0\x80", Errc::bad_name, "not valid UTF-8"},
    {"N14 one too many", kLeaf247, Errc::name_too_long, "260 characters"},
    {"N14 one too many, full form", R"(\\.\mailslot\)" + kLeaf247, Errc::name_too_long,
     "at most 259 are allowed"},
    {"N14 the place counts", R"(\\AB\mailslot\)" + kLeaf246, Errc::name_too_long, "260 characters"},
    {"N14 pairs count twice", "x" + repeated("😀", 123), Errc::name_too_long, "260 characters"},
    {"N14 a long place", R"(\\)" + repeated("中", 86) + R"(\mailslot\x)", Errc::name_too_long,
     "255 bytes"},
    {"N14 a place that is long when folded", R"(\\)" + repeated("ɐ", 86) + R"(\mailslot\x)",
     Errc::name_too_long, "255 bytes"},
    {"N15 another device", R"(\\.\pipe\x)", Errc::bad_name,
     R"("\\.\pipe\x" is not a mailslot: the second part must be "mailslot")"},
    {"N15 another device elsewhere", R"(\\HOST\share\x)", Errc::bad_name, "second part"},
    {"N15 more than the word", R"(\\.\mailslots\x)", Errc::bad_name, "second part"},
    {"N15 a drive", R"(C:\x)", Errc::bad_name, "path on a drive"},
    {"N15 a drive with slashes", "c:/x", Errc::bad_name, "path on a drive"},
    {"N15 a drive of a letter that folds to one", "\xc4\xb1:/x", Errc::bad_name, "path on a drive"},
    {"N15 a drive under a question mark", R"(\\?\C:\x)", Errc::bad_name, "second part"},
    {"N15 the word without a place", R"(mailslot\x)", Errc::bad_name, R"(\\.\)"},
    {"N15 the same in other words", "./MailSlot//x", Errc::bad_name, R"(\\.\)"},
    {"N15 one separator", R"(\x)", Errc::bad_name, "single quotes"},
    {"N15 a path", "/tmp/x", Errc::bad_name, "begins with one separator"},
    {"N15 a shell ate separators", R"(\*mailslotx)", Errc::bad_name, "single quotes"},
    {"N15 nothing but a separator", "/", Errc::bad_name, "begins with one separator"},
    {"N16 no place", R"(\\\mailslot\x)", Errc::bad_name, "no place"},
    {"N16 escaped twice", R"(\\\\.\\mailslot\\x)", Errc::bad_name, "no place"},
    {"N16 two dots for a place", R"(\\..\mailslot\x)", Errc::bad_name, "names the place"},
    {"N16 a control character", "\\\\HO\nST\\mailslot\\x", Errc::bad_name, "control character"},
    {"N16 a control character beyond ASCII", "\\\\HO\u0085ST\\mailslot\\x", Errc::bad_name,
     "control character"},
    {"N16 a port", R"(\\HOST:80\mailslot\x)", Errc::bad_name, "colon"},
    {"N16 an interface by name", R"(\\fe80::1%eth0\mailslot\x)", Errc::bad_name, "as a number"},
};

TEST(Address, refuses_the_rest_and_says_why) {
    for (const BadCase& c : kBad) {
        SCOPED_TRACE(c.what);
        const auto address = parse_address(c.text);
        ASSERT_FALSE(address.has_value()) << to_string(*address);
        EXPECT_EQ(address.error().code, c.code);
        EXPECT_NE(address.error().detail.find(c.words), std::string::npos)
            << address.error().detail;
        EXPECT_FALSE(parse_reader_name(c.text).has_value());
    }
}

TEST(Address, says_why_in_one_short_line_of_utf8) {
    for (const std::string& text :
         {repeated("中", 1000), "\n\x7F" + kLeaf247, repeated("x\n", 1000)}) {
        const auto address = parse_address(text);
        ASSERT_FALSE(address.has_value());
        EXPECT_LT(address.error().detail.size(), 400u);
        EXPECT_TRUE(is_utf8(address.error().detail)) << address.error().detail;
        EXPECT_EQ(address.error().detail.find('\n'), std::string::npos);
    }
}

TEST(Address, keeps_its_place_as_written_and_folds_it_for_comparison) {
    const auto host = parse_address(R"(\\FileSrv-é\mailslot\Name)");
    EXPECT_EQ(host->place_text, "FileSrv-é");
    EXPECT_EQ(host->place_key, "FILESRV-É");
    EXPECT_EQ(host->slot.text, "Name");
    EXPECT_EQ(host->slot.key, "NAME");
    for (const char* text : {"x", R"(\\.\mailslot\x)", R"(\\?\mailslot\x)"}) {
        EXPECT_EQ(parse_address(text)->place_text, ".") << text;
        EXPECT_EQ(parse_address(text)->place_key, ".") << text;
    }
    EXPECT_EQ(parse_address(R"(\\*\mailslot\x)")->place_key, "*");
}

TEST(Address, has_one_key_for_all_spellings_of_an_ip_address) {
    for (const char* place : {"fe80::1%3", "[FE80::0001%3]", "fe80--1s3.ipv6-literal.net"}) {
        const auto address = parse_address(std::string(R"(\\)") + place + R"(\mailslot\x)");
        ASSERT_TRUE(address.has_value()) << place;
        EXPECT_EQ(address->place_text, place);
        EXPECT_EQ(address->place_key, "FE80::1%3");
        EXPECT_EQ(address->ip, parse_ip_address("fe80::1%3"));
    }
    EXPECT_EQ(parse_address(R"(\\::ffff:10.0.0.7\mailslot\x)")->ip, IpAddress::v4(10, 0, 0, 7));
}

struct SameCase {
    const char* what;
    std::string_view one, other;
    bool is_same;
};

constexpr SameCase kSame[] = {
    {"N5 ASCII case", "LISTENER", "listener", true},
    {"N5 case beyond ASCII", "été中", "ÉTÉ中", true},
    {"N5 no locale: dotless i is i", "ıx", "IX", true},
    {"N5 no locale: dotted capital I is not", "İx", "ix", false},
    {"N5 sharp s is not ss", "straße", "STRASSE", false},
    {"N5 accents in other normal forms", "e\u0301", "\u00E9", false},
    {"N6 a parent is another slot", "a", R"(a\b)", false},
    {"N6 so is a grandchild", R"(a\b)", R"(a\b\c)", false},
    {"N7 slash and backslash", "a/b", R"(a\b)", true},
    {"N8 question mark and dot", R"(\\?\mailslot\x)", R"(\\.\mailslot\x)", true},
    {"N9 the long way round", R"(a\b\..\..\x)", "x", true},
    {"N10 a dot that is stripped", "x.", "x", true},
    {"N10 a dot that is not", R"(\\?\mailslot\x.)", "x.", false},
    {"N13 no wildcards", "a*", "ab", false},
};

TEST(SlotName, is_the_same_exactly_when_the_rules_say_so) {
    for (const SameCase& c : kSame) {
        SCOPED_TRACE(c.what);
        EXPECT_EQ(*parse_reader_name(c.one) == *parse_reader_name(c.other), c.is_same);
    }
}

TEST(SlotName, is_told_to_a_reader_as_it_was_written) {
    EXPECT_EQ(parse_reader_name(R"(//./MAILSLOT/Log/App)")->text, R"(Log\App)");
    EXPECT_EQ(parse_reader_name("Log")->text, "Log");
}

TEST(SlotName, N16_of_a_reader_is_on_this_machine) {
    for (const char* place : {"*", "HOST", "localhost", "127.0.0.1", "[::1]"}) {
        SCOPED_TRACE(place);
        const auto name = parse_reader_name(std::string(R"(\\)") + place + R"(\mailslot\x)");
        ASSERT_FALSE(name.has_value());
        EXPECT_EQ(name.error().code, Errc::bad_name);
        EXPECT_NE(name.error().detail.find("not on this machine"), std::string::npos)
            << name.error().detail;
    }
}

void assert_comes_back(const Address& address) {
    const auto back = parse_address(to_string(address));
    RC_ASSERT(back.has_value());
    RC_ASSERT(back->place == address.place);
    RC_ASSERT(back->place_text == address.place_text);
    RC_ASSERT(back->place_key == address.place_key);
    RC_ASSERT(back->ip == address.ip);
    RC_ASSERT(back->slot.text == address.slot.text);
    RC_ASSERT(back->slot.key == address.slot.key);
}

std::string some_address() {
    const auto prefix =
        *rc::gen::element<std::string>("", R"(\\.\mailslot\)", R"(\\?\MAILSLOT\)", "//*/mailslot/",
                                       R"(\\HOST\mailslot\)", R"(\\[fe80::1%3]\mailslot\)");
    return prefix + *testing::text_of(testing::name_code_point());
}

RC_GTEST_PROP(Address, comes_back_from_its_text, ()) {
    const auto address = parse_address(some_address());
    if (!address) return;
    RC_ASSERT(utf16_units(to_string(*address)) <= kMaxAddressUnits);
    RC_ASSERT(to_string(*address).find('/') == std::string::npos);
    assert_comes_back(*address);
}

RC_GTEST_PROP(Address, of_any_place_without_controls_or_colons_comes_back_from_its_text, ()) {
    const auto is_plain = [](char32_t c) {
        return c != U'\\' && c != U'/' && c != U':' && (c < 0x7F || c > 0x9F);
    };
    const auto place = *testing::text_of(rc::gen::suchThat(testing::name_code_point(), is_plain));
    const auto address = parse_address(R"(\\)" + place + R"(-\mailslot\x)");
    RC_ASSERT(address.has_value() || address.error().code == Errc::name_too_long);
    if (address) assert_comes_back(*address);
}

RC_GTEST_PROP(Address, takes_any_leaf_without_separators, ()) {
    const auto is_plain = [](char32_t c) { return c != U'\\' && c != U'/'; };
    const auto leaf = *testing::text_of(rc::gen::suchThat(testing::name_code_point(), is_plain));
    const auto address = parse_address("<" + leaf + ">");
    RC_ASSERT(address.has_value() || address.error().code == Errc::name_too_long);
    if (address) RC_ASSERT(address->slot.text == "<" + leaf + ">");
}

RC_GTEST_PROP(Address, means_the_same_folded_as_unfolded, ()) {
    const std::string text = some_address();
    const auto address = parse_address(text);
    const auto folded = parse_address(*fold(text));
    RC_ASSERT(address.has_value() == folded.has_value());
    if (!address) return;
    RC_ASSERT(address->place == folded->place);
    RC_ASSERT(address->place_key == folded->place_key);
    RC_ASSERT(address->slot == folded->slot);
}

RC_GTEST_PROP(Address, is_never_made_of_what_is_not_utf8, (const std::string& bytes)) {
    const auto address = parse_address(bytes);
    if (!address) RC_ASSERT(is_utf8(address.error().detail));
    if (!is_utf8(bytes)) RC_ASSERT(!address);
}

}  // namespace
}  // namespace mailslot
