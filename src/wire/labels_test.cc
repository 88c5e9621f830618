#include "wire/labels.h"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include "base/bytes.h"
#include "wire/testing/hex.h"

namespace mailslot::wire {
namespace {

std::vector<std::pair<std::string, std::string>> read(std::string_view payload) {
    std::vector<std::pair<std::string, std::string>> labels;
    const auto size = label_block_size(payload);
    if (!size) return labels;
    for_each_label(payload.substr(0, *size),
                   [&labels](const Label& label) { labels.emplace_back(label.name, label.value); });
    return labels;
}

TEST(Labels, are_the_worked_block_in_both_directions) {
    const std::vector<Label> labels{{"level", "30"}, {"logger", "db"}};
    std::string out;
    ASSERT_TRUE(append_labels(out, labels));
    out += "slow";
    const auto bytes = from_hex("0015 05 0002 6c6576656c 3330 06 0002 6c6f67676572 6462 736c6f77");
    EXPECT_EQ(out, as_text(bytes));
    EXPECT_EQ(label_block_size(out).value(), 23u);
    const std::vector<std::pair<std::string, std::string>> expected{{"level", "30"},
                                                                    {"logger", "db"}};
    EXPECT_EQ(read(out), expected);
}

struct BadBlock {
    const char* what;
    const char* hex;
};

constexpr BadBlock kBadBlocks[] = {
    {"nothing", ""},
    {"half a size", "00"},
    {"no label", "0000"},
    {"longer than the payload", "0005 01 0000 61"},
    {"ends in a label's header", "0002 01 00"},
    {"ends in a name", "0004 02 0000 61"},
    {"ends in a value", "0005 01 0002 61 62"},
    {"no name", "0003 00 0000"},
    {"an upper-case name", "0004 01 0000 41"},
    {"a value that is not UTF-8", "0005 01 0001 61 ff"},
    {"a name twice", "0008 01 0000 61 01 0000 61"},
};

TEST(Labels, of_a_broken_block_are_none) {
    for (const BadBlock& c : kBadBlocks) {
        SCOPED_TRACE(c.what);
        const auto bytes = from_hex(c.hex);
        const auto size = label_block_size(as_text(bytes));
        ASSERT_FALSE(size);
        EXPECT_EQ(size.error().code, Errc::bad_packet);
    }
}

TEST(Labels, beyond_the_limits_are_refused_and_leave_nothing) {
    const std::string long_name(33, 'a'), long_value(1021, 'v');
    std::vector<std::string> names;
    for (int i = 0; i < 33; ++i) names.push_back("n" + std::to_string(i));
    std::vector<Label> many;
    for (const std::string& name : names) many.push_back({name, ""});
    const std::vector<std::vector<Label>> bad{
        {{"", "x"}},     {{"Level", "x"}},         {{"a b", "x"}},      {{long_name, "x"}},
        {{"a", "\xff"}}, {{"a", "1"}, {"a", "2"}}, {{"a", long_value}}, many,
    };
    for (const auto& labels : bad) {
        std::string out = "before";
        const auto done = append_labels(out, labels);
        ASSERT_FALSE(done);
        EXPECT_EQ(done.error().code, Errc::bad_label);
        EXPECT_EQ(out, "before");
    }
    many.pop_back();
    std::string out;
    EXPECT_TRUE(append_labels(out, many));
    EXPECT_EQ(read(out).size(), 32u);
    out.clear();
    const std::string value(1020, 'v');
    EXPECT_TRUE(append_labels(out, std::vector<Label>{{"a", value}}));
    EXPECT_EQ(label_block_size(out).value(), 1026u);
}

RC_GTEST_PROP(Labels, of_any_bytes_are_read_within_them, (const std::string& payload)) {
    std::string sized = payload.substr(0, 600);
    sized.insert(0, {'\0', '\0'});
    sized[0] = static_cast<char>(payload.size() % 600 >> 8);
    sized[1] = static_cast<char>(payload.size() % 600);
    const auto size = label_block_size(sized);
    if (!size) return;
    RC_ASSERT(*size <= sized.size());
    std::vector<Label> labels;
    for_each_label(std::string_view(sized).substr(0, *size),
                   [&labels](const Label& label) { labels.push_back(label); });
    std::string again;
    RC_ASSERT(append_labels(again, labels).has_value());
    RC_ASSERT(again == sized.substr(0, *size));
}

}  // namespace
}  // namespace mailslot::wire
