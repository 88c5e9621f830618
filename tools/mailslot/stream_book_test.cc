#include "mailslot/stream_book.h"

#include <gtest/gtest.h>

namespace mailslot::cli {
namespace {

const Error kAway{Errc::unreachable, "send", 101};
const Error kSlow{Errc::no_resources, "send", 11};

TEST(StreamBook, goes_on_where_the_network_is_away_or_slow_and_ends_at_all_else) {
    EXPECT_TRUE(StreamBook::may_pass(kAway));
    EXPECT_TRUE(StreamBook::may_pass(kSlow));
    for (const Errc code : {Errc::bad_config, Errc::closed, Errc::no_permission, Errc::no_such_slot,
                            Errc::message_too_big, Errc::interrupted}) {
        EXPECT_FALSE(StreamBook::may_pass(Error{code}));
    }
}

TEST(StreamBook, says_each_cause_once) {
    StreamBook book;
    EXPECT_TRUE(book.leave_out(kAway));
    EXPECT_FALSE(book.leave_out(kAway));
    EXPECT_TRUE(book.note(kSlow));
    EXPECT_FALSE(book.note(kSlow));
    EXPECT_FALSE(book.leave_out(kSlow));
}

TEST(StreamBook, sums_up_what_failed_at_once_and_what_had_counted_as_put) {
    StreamBook book;
    EXPECT_EQ(book.sum(0), "");
    book.put(57);
    EXPECT_EQ(book.sum(0), "");
    EXPECT_EQ(book.sum(2), "2 of 57 messages did not leave this machine");
    for (int i = 0; i < 3; ++i) book.leave_out(kAway);
    EXPECT_EQ(book.sum(0), "3 of 60 messages did not leave this machine");
    EXPECT_EQ(book.sum(20), "20 of 60 messages did not leave this machine");
    EXPECT_EQ(book.messages_put(), 57u);
}

TEST(StreamBook, counts_one_message_in_the_singular) {
    StreamBook book;
    book.leave_out(kAway);
    EXPECT_EQ(book.sum(1), "1 of 1 message did not leave this machine");
}

}  // namespace
}  // namespace mailslot::cli
