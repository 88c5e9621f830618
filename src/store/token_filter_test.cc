// Words, and the filter over them.
#include "store/token_filter.h"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include "store/limits.h"
#include "store/words.h"

namespace mailslot::store {
namespace {

std::vector<std::uint64_t> words_of(std::string_view text) {
    std::vector<std::uint64_t> words;
    for_each_word(text, [&words](std::uint64_t word) { words.push_back(word); });
    return words;
}

std::string filter_of(std::string_view text) {
    WordSet words;
    words.add_words_of(text);
    std::string filter;
    words.take_filter(filter);
    return filter;
}

TEST(Words, are_runs_of_letters_digits_underscores_and_high_bytes) {
    EXPECT_EQ(words_of("").size(), 0u);
    EXPECT_EQ(words_of(" .-=").size(), 0u);
    EXPECT_EQ(words_of("a b-c.d").size(), 4u);
    EXPECT_EQ(words_of("snake_case9").size(), 1u);
    EXPECT_EQ(words_of("gr\xc3\xbc\xc3\x9f"
                       "e")
                  .size(),
              1u);
    EXPECT_EQ(words_of("Disk FULL"), words_of("disk full"));
    EXPECT_NE(words_of("disk"), words_of("disks"));
}

RC_GTEST_PROP(Words, folding_many_bytes_is_folding_each, (const std::string& text)) {
    std::string folded = "before", slow = "before";
    append_folded(folded, text);
    for (const char c : text) slow += fold_ascii(c);
    RC_ASSERT(folded == slow);
}

RC_GTEST_PROP(TokenFilter, has_every_word_of_its_texts, (const std::vector<std::string>& texts)) {
    WordSet words;
    for (const std::string& text : texts) words.add_words_of(text);
    std::string bytes;
    words.take_filter(bytes);
    const auto filter = TokenFilter::decode(bytes).value();
    for (const std::string& text : texts)
        for (const std::uint64_t word : words_of(text)) RC_ASSERT(filter.may_have(word));
}

TEST(TokenFilter, excludes_nearly_all_absent_words) {
    std::string text;
    for (int i = 0; i < 20000; ++i) text += "word" + std::to_string(i) + ' ';
    const std::string bytes = filter_of(text);
    EXPECT_EQ(bytes.size(), 20000u * 10 / 8 + 8);
    const auto filter = TokenFilter::decode(bytes).value();
    int passed = 0;
    for (int i = 0; i < 10000; ++i)
        passed += filter.may_have(words_of("absent" + std::to_string(i))[0]) ? 1 : 0;
    EXPECT_LT(passed, 200);  // 2 %
}

TEST(TokenFilter, without_words_has_none) {
    const std::string bytes = filter_of("...");
    EXPECT_EQ(bytes.size(), 8u);
    EXPECT_FALSE(TokenFilter::decode(bytes).value().may_have(words_of("x")[0]));
}

TEST(TokenFilter, a_set_is_empty_after_its_filter_was_taken) {
    WordSet words;
    words.add_words_of("first");
    std::string bytes;
    words.take_filter(bytes);
    words.add_words_of("second");
    words.take_filter(bytes);
    EXPECT_EQ(bytes, filter_of("second"));
}

TEST(TokenFilter, damage_is_noticed) {
    const std::string good = filter_of("some words of a text");
    for (std::size_t i = 0; i < good.size(); ++i) {
        std::string changed = good;
        changed[i] = static_cast<char>(changed[i] ^ 1);
        EXPECT_FALSE(TokenFilter::decode(changed)) << i;
        EXPECT_FALSE(TokenFilter::decode(good.substr(0, i))) << i;
    }
    EXPECT_FALSE(TokenFilter::decode(std::string(kMaxFilterBytes + 16, '\0')));
}

}  // namespace
}  // namespace mailslot::store
