#include "inbox/sender_notes.h"

#include <gtest/gtest.h>

#include <map>
#include <memory>

namespace mailslot::inbox {
namespace {

using namespace std::chrono_literals;

class SenderNotesTest : public testing::Test {
protected:
    std::map<std::uint64_t, std::uint64_t> notes() const {
        std::map<std::uint64_t, std::uint64_t> all;
        read_sender_notes(*notes_, [&](std::uint64_t origin, std::uint64_t next) {
            EXPECT_TRUE(all.emplace(origin, next).second);
        });
        return all;
    }

    using All = std::map<std::uint64_t, std::uint64_t>;
    const std::unique_ptr<SenderNotes> notes_ = std::make_unique<SenderNotes>();
    const Clock::Instant start_ = Clock::Instant(1h);
};

TEST_F(SenderNotesTest, keep_each_senders_last_word) {
    EXPECT_EQ(notes(), All{});
    EXPECT_EQ(noted_since(*notes_, start_), start_);
    note_sender(*notes_, 7, 2, start_ + 1s);
    note_sender(*notes_, 8, 100, start_ + 1s);
    note_sender(*notes_, 7, 3, start_ + 2s);
    note_sender(*notes_, 8, 99, start_ + 2s);  // a message that came late
    EXPECT_EQ(notes(), (All{{7, 3}, {8, 100}}));
    EXPECT_EQ(noted_since(*notes_, start_ + 3s), start_);
}

TEST_F(SenderNotesTest, begin_anew_when_one_takes_the_place_of_another) {
    noted_since(*notes_, start_);
    note_sender(*notes_, 7, 2, start_ + 1s);
    note_sender(*notes_, 7 + kSenderNotes, 5, start_ + 2s);
    EXPECT_EQ(notes(), (All{{7 + kSenderNotes, 5}}));
    EXPECT_EQ(noted_since(*notes_, start_ + 3s), start_ + 2s);
}

TEST_F(SenderNotesTest, never_begin_in_the_future) {
    notes_->since = (start_ + 1h).time_since_epoch().count();
    EXPECT_EQ(noted_since(*notes_, start_), start_);
}

TEST_F(SenderNotesTest, of_a_page_are_seen_by_every_office_that_has_it) {
    const NotesPage readers = NotesPage::create().value();
    const NotesPage first = NotesPage::attach(readers.fd()).value();
    noted_since(first.notes(), start_);
    note_sender(first.notes(), 7, 2, start_ + 1s);
    const NotesPage second = NotesPage::attach(readers.fd()).value();
    std::uint64_t found = 0;
    read_sender_notes(second.notes(), [&](std::uint64_t origin, std::uint64_t next) {
        EXPECT_EQ(origin, 7u);
        found = next;
    });
    EXPECT_EQ(found, 2u);
    EXPECT_EQ(noted_since(second.notes(), start_ + 3s), start_);
}

TEST_F(SenderNotesTest, are_not_taken_from_memory_of_another_size) {
    for (const std::size_t bytes : {std::size_t{64}, std::size_t{8192}}) {
        const auto other =
            os::create_shared_memory("other", bytes, os::WhoWrites::everyone).value();
        EXPECT_EQ(NotesPage::attach(other.fd).error().code, Errc::bad_segment) << bytes;
    }
}

}  // namespace
}  // namespace mailslot::inbox
