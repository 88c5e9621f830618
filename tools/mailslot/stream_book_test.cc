#include "mailslot/stream_book.h"

#include <gtest/gtest.h>

namespace mailslot::cli {
namespace {

const Error kAway{Errc::unreachable, "send", 101};
const Error kSlow{Errc::no_resources, "send", 11};

TEST(StreamBook, goes_on_where_later_messages_may_pass_and_ends_at_all_else) {
    EXPECT_TRUE(StreamBook::may_pass(kAway));
    EXPECT_TRUE(StreamBook::may_pass(kSlow));
    for (const Errc code :
         {Errc::message_too_big, Errc::slot_full, Errc::timed_out, Errc::no_such_slot}) {
        EXPECT_TRUE(StreamBook::may_pass(Error{code}));
    }
    for (const Errc code : {Errc::bad_config, Errc::closed, Errc::no_permission, Errc::interrupted,
                            Errc::bad_label, Errc::wrong_direction}) {
        EXPECT_FALSE(StreamBook::may_pass(Error{code}));
    }
}

TEST(StreamBook, says_each_cause_once) {
    StreamBook book(true);
    EXPECT_TRUE(book.leave_out(kAway));
    EXPECT_FALSE(book.leave_out(kAway));
    EXPECT_TRUE(book.note(kSlow));
    EXPECT_FALSE(book.note(kSlow));
    EXPECT_FALSE(book.leave_out(kSlow));
}

TEST(StreamBook, sums_up_what_failed_at_once_and_what_had_counted_as_put) {
    StreamBook book(true);
    EXPECT_EQ(book.sum(0), "");
    book.put(57);
    EXPECT_EQ(book.sum(0), "");
    EXPECT_EQ(book.sum(2), "2 of 57 messages did not leave this machine");
    for (int i = 0; i < 3; ++i) book.leave_out(kAway);
    EXPECT_EQ(book.sum(0), "3 of 60 messages did not leave this machine");
    EXPECT_EQ(book.sum(20), "20 of 60 messages did not leave this machine");
    EXPECT_EQ(book.messages_put(), 57u);
}

TEST(StreamBook, speaks_of_a_slot_of_this_machine_otherwise) {
    StreamBook book(false);
    book.put(3);
    book.leave_out(Error{Errc::slot_full});
    EXPECT_EQ(book.sum(0), "1 of 4 messages was not put");
    book.leave_out(Error{Errc::slot_full});
    EXPECT_EQ(book.sum(0), "2 of 5 messages were not put");
}

TEST(StreamBook, counts_one_message_in_the_singular) {
    StreamBook book(true);
    book.leave_out(kAway);
    EXPECT_EQ(book.sum(1), "1 of 1 message did not leave this machine");
}

}  // namespace
}  // namespace mailslot::cli
