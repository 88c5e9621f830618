#include "trust/key_file.h"

#include <gtest/gtest.h>

#include <string>

#include "trust/testing/test_keys.h"

namespace mailslot::trust {
namespace {

// The key of the bytes 00 01 … 1f.
constexpr std::string_view kDigits =
    "000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f";
const std::string kCurrent = "current 68b7c195 " + std::string(kDigits) + " 2026-11-25T21:00:00Z\n";
const std::string kWhole = "mailslot-key 1\n# a comment\n\ndomain Lab One\n" + kCurrent;

std::string failure_of(const std::string& text) {
    const auto keys = parse_key_file(text, "FILE");
    return keys ? "taken" : keys.error().detail;
}

TEST(KeyFile, says_which_domain_and_which_keys) {
    const DomainKeys keys = parse_key_file(kWhole, "FILE").value();
    EXPECT_EQ(keys.domain, "Lab One");
    EXPECT_EQ(keys.folded, "LAB ONE");
    EXPECT_TRUE(keys.current->secret.is_same(test_secret(0)));
    EXPECT_EQ(utc_text(keys.current->created_at), "2026-11-25T21:00:00Z");
    EXPECT_EQ(keys.second_is, Second::none);
}

TEST(KeyFile, is_what_was_written) {
    for (const Second second : {Second::none, Second::next, Second::previous}) {
        DomainKeys keys = test_domain("Lab", 1, second == Second::none ? 0 : 60);
        keys.second_is = second;
        keys.current->created_at = 1'700'000'000;
        SecretText text;
        format_key_file(keys, text);
        const DomainKeys read = parse_key_file(text.view(), "FILE").value();
        EXPECT_EQ(read.domain, "Lab");
        EXPECT_TRUE(read.current->secret.is_same(keys.current->secret));
        EXPECT_EQ(read.current->created_at, 1'700'000'000);
        EXPECT_EQ(read.second_is, second);
        EXPECT_EQ(read.second.has_value(), keys.second.has_value());
    }
}

TEST(KeyFile, that_is_damaged_is_refused_with_the_line) {
    const auto replaced = [](std::string_view what, std::string_view with) {
        std::string text = kWhole;
        return text.replace(text.find(what), what.size(), with);
    };
    struct Row {
        std::string text, words;
    };
    for (const Row& row : {
             Row{"", "FILE:0: the file has no domain"},
             Row{"\n" + kWhole, "FILE:1: this is not a key file"},
             Row{replaced("key 1", "key 2"), "FILE:1: a later version of mailslot wrote this file"},
             Row{replaced("domain Lab One\n", ""), "the file has no domain"},
             Row{replaced("Lab One", "a/b"), "FILE:4: the name of the domain is wrong"},
             Row{replaced("Lab One", ".."), "FILE:4: the name of the domain is wrong"},
             Row{replaced(kCurrent, ""), "no current key"},
             Row{kWhole + kCurrent, "FILE:6: a domain has at most a current key"},
             Row{kWhole + "later 1 2\n", "FILE:6: the line begins with an unknown word"},
             Row{replaced("0001", "0002"), "FILE:5: the key is damaged"},
             Row{replaced("1e1f", "1e1"), "FILE:5: the key is damaged"},
             Row{replaced("1e1f", "1e1f20"), "FILE:5: the key is damaged"},
             Row{replaced("1e1f", "1e1g"), "FILE:5: the key is damaged"},
             Row{replaced("T21", "X21"), "FILE:5: the key is damaged"},
             Row{replaced("-11-", "-13-"), "FILE:5: the key is damaged"},
             Row{replaced("Z\n", "Z more\n"), "FILE:5: the key is damaged"},
             Row{kWhole + "next" + kCurrent.substr(7), "the file contains the same key twice"},
         }) {
        SCOPED_TRACE(row.text);
        EXPECT_NE(failure_of(row.text).find(row.words), std::string::npos) << failure_of(row.text);
        // Errors go to screens and logs, so they must not show the key.
        EXPECT_EQ(failure_of(row.text).find("0405060708"), std::string::npos);
    }
}

TEST(KeyFile, may_have_line_ends_of_windows_and_no_last_one) {
    std::string text;
    for (const char c : kWhole) text += c == '\n' ? "\r\n" : std::string(1, c);
    EXPECT_EQ(failure_of(text), "taken");
    EXPECT_EQ(failure_of(kWhole.substr(0, kWhole.size() - 1)), "taken");
}

TEST(FoldDomain, takes_what_can_be_a_place_and_a_file) {
    EXPECT_EQ(fold_domain("Lab"), "LAB");
    for (const std::string_view bad : {"", ".", "..", ".lab", "a/b", "a\\b", "*", " x", "x\n"}) {
        EXPECT_FALSE(fold_domain(bad)) << bad;
    }
    EXPECT_TRUE(fold_domain(std::string(200, 'x')));
    EXPECT_FALSE(fold_domain(std::string(201, 'x')));
}

}  // namespace
}  // namespace mailslot::trust
