#include "wire/office_state.h"

#include <gtest/gtest.h>

#include <vector>

namespace mailslot::wire {
namespace {

std::vector<SealerState> sealers_in(Bytes books, bool& whole) {
    std::vector<SealerState> all;
    OfficeStateVisitor visitor;
    visitor.sealer = [&all](const SealerState& sealer) {
        all.push_back(sealer);
        return true;
    };
    whole = read_office_state(books, visitor);
    return all;
}

TEST(OfficeState, carries_what_is_known_of_who_seals) {
    const SealerState sealer{1, 2, 3, 4, {5}, 6};
    OfficeStateWriter out;
    out.put(sealer);
    const auto books = out.take();
    bool whole = false;
    const auto all = sealers_in(books, whole);
    EXPECT_TRUE(whole);
    ASSERT_EQ(all.size(), 1u);
    EXPECT_EQ(all[0].sender_id, 1u);
    EXPECT_EQ(all[0].epoch, 2u);
    EXPECT_EQ(all[0].highest, 3u);
    EXPECT_EQ(all[0].last_heard, 4);
    EXPECT_EQ(all[0].seen[0], 5u);
    EXPECT_EQ(all[0].sent_at, 6);
}

TEST(OfficeState, reads_books_from_before_the_time_of_a_seal) {
    OfficeStateWriter out;
    out.put(SealerState{1, 2, 3, 4, {5}, 6});
    auto books = out.take();
    constexpr std::size_t kLastOfSize = 8;  // after the mark and the tag
    books[kLastOfSize] = std::byte(static_cast<unsigned char>(books[kLastOfSize]) - 8);
    books.resize(books.size() - 8);
    bool whole = false;
    const auto all = sealers_in(books, whole);
    EXPECT_TRUE(whole);
    ASSERT_EQ(all.size(), 1u);
    EXPECT_EQ(all[0].seen[0], 5u);
    EXPECT_EQ(all[0].sent_at, 0);
    books.resize(books.size() - 1);
    EXPECT_TRUE(sealers_in(books, whole).empty());
    EXPECT_FALSE(whole);
}

}  // namespace
}  // namespace mailslot::wire
