#include "inbox/sender_notes.h"

#include <gtest/gtest.h>

#include <map>
#include <memory>

namespace mailslot::inbox {
namespace {

using namespace std::chrono_literals;

class SenderNotes : public testing::Test {
protected:
    std::map<std::uint64_t, std::uint64_t> notes() const {
        std::map<std::uint64_t, std::uint64_t> all;
        read_sender_notes(*header_, [&](std::uint64_t origin, std::uint64_t next) {
            EXPECT_TRUE(all.emplace(origin, next).second);
        });
        return all;
    }

    using All = std::map<std::uint64_t, std::uint64_t>;
    const std::unique_ptr<Header> header_ = std::make_unique<Header>();
    const Clock::Instant start_ = Clock::Instant(1h);
};

TEST_F(SenderNotes, keep_each_senders_last_word) {
    EXPECT_EQ(notes(), All{});
    EXPECT_EQ(noted_since(*header_, start_), start_);
    note_sender(*header_, 7, 2, start_ + 1s);
    note_sender(*header_, 8, 100, start_ + 1s);
    note_sender(*header_, 7, 3, start_ + 2s);
    note_sender(*header_, 8, 99, start_ + 2s);  // a message that came late
    EXPECT_EQ(notes(), (All{{7, 3}, {8, 100}}));
    EXPECT_EQ(noted_since(*header_, start_ + 3s), start_);
}

TEST_F(SenderNotes, begin_anew_when_one_takes_the_place_of_another) {
    noted_since(*header_, start_);
    note_sender(*header_, 7, 2, start_ + 1s);
    note_sender(*header_, 7 + kSenderNotes, 5, start_ + 2s);
    EXPECT_EQ(notes(), (All{{7 + kSenderNotes, 5}}));
    EXPECT_EQ(noted_since(*header_, start_ + 3s), start_ + 2s);
}

TEST_F(SenderNotes, never_begin_in_the_future) {
    header_->noted_since = (start_ + 1h).time_since_epoch().count();
    EXPECT_EQ(noted_since(*header_, start_), start_);
}

}  // namespace
}  // namespace mailslot::inbox
