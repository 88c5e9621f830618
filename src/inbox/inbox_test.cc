#include "inbox/inbox.h"

#include <gtest/gtest.h>
#include <poll.h>
#include <sys/stat.h>

#include <array>
#include <map>
#include <set>
#include <thread>

#include "base/crash_point.h"
#include "inbox/inbox_writer.h"
#include "inbox/sender_notes.h"
#include "inbox/testing/slot_under_test.h"

namespace mailslot::inbox {
namespace {

using namespace std::chrono_literals;
using std::chrono::steady_clock;

class InboxTest : public SlotUnderTest {
protected:
    static Item item(std::string_view text, std::uint64_t sequence = 1) {
        return {
            .format = Format::text, .origin = 7, .sequence = sequence, .payload = as_bytes(text)};
    }
    static Result<void> put(InboxWriter& writer, std::string_view text,
                            std::uint64_t sequence = 1) {
        const Item one = item(text, sequence);
        auto taken = writer.put({&one, 1});
        if (!taken) return taken.error();
        return {};
    }
    std::string get() {
        Record record;
        const auto got = get_nowait(*inbox_, record);
        return got ? record.payload : "(" + std::string(to_string(got.error().code)) + ")";
    }
    bool is_readable() {
        pollfd poll_fd{os::to_number(inbox_->fileno().value()), POLLIN, 0};
        return ::poll(&poll_fd, 1, 0) == 1;
    }
};

TEST_F(InboxTest, gives_messages_back_in_order_and_counts_them) {
    open();
    auto one = writer(), two = writer();
    EXPECT_EQ(inbox_->qsize(), 0u);
    EXPECT_TRUE(inbox_->empty());
    ASSERT_TRUE(put(*one, "first"));
    ASSERT_TRUE(put(*two, ""));
    ASSERT_TRUE(put(*one, "third"));
    EXPECT_EQ(inbox_->qsize(), 3u);
    EXPECT_EQ(inbox_->info().next_message_bytes, 5u);
    EXPECT_EQ(inbox_->info().bytes, 10u);
    EXPECT_EQ(get(), "first");
    EXPECT_EQ(inbox_->info().next_message_bytes, 0u);
    EXPECT_EQ(get(), "");
    EXPECT_EQ(get(), "third");
    EXPECT_EQ(get(), "(timed_out)");
    EXPECT_EQ(inbox_->info().next_message_bytes, std::nullopt);
    EXPECT_EQ(inbox_->info().received, 3u);
}

TEST_F(InboxTest, notes_whose_messages_the_post_office_has_put_in) {
    open();
    const auto office = writer();
    std::array<Item, 4> items{item("a", 1), item("b", 2), item("c", 5), item("d", 6)};
    items[2].origin = items[3].origin = 8;
    ASSERT_EQ(office->put(items).value(), 4u);
    for (Item& one : items) one.kind = RecordKind::network;
    const auto notes = [&] {
        std::map<std::uint64_t, std::uint64_t> all;
        read_sender_notes(office->sender_notes(),
                          [&](std::uint64_t origin, std::uint64_t next) { all[origin] = next; });
        return all;
    };
    EXPECT_TRUE(notes().empty());  // writers of this machine are not noted
    ASSERT_EQ(office->put(items).value(), 4u);
    EXPECT_EQ(notes(), (std::map<std::uint64_t, std::uint64_t>{{7, 3}, {8, 7}}));
}

TEST_F(InboxTest, carries_every_size_over_block_ends) {
    open();
    auto w = writer();
    std::vector<std::string> sent;
    for (std::size_t size :
         {0, 1, 7, 8, 9, 424, 425, 426, 1200, 65400, 65432, 65440, 65472, 65536, 131072, 1048576}) {
        for (int i = 0; i < 3; ++i) {
            std::string text(size, static_cast<char>('a' + i));
            ASSERT_TRUE(put(*w, text)) << size;
            sent.push_back(std::move(text));
        }
    }
    for (const auto& text : sent) ASSERT_TRUE(get() == text) << text.size();
    EXPECT_EQ(inbox_->qsize(), 0u);
}

// Tries every alignment of a record to the end of a block, with a reader that keeps up and one that
// lags.
TEST_F(InboxTest, survives_every_alignment_to_the_end_of_a_block) {
    open();
    auto w = writer();
    std::uint64_t put_count = 0, got_count = 0;
    for (std::uint32_t step = 0; step < 4000; ++step) {
        const std::size_t size = (step * 7919) % 3000;
        ASSERT_TRUE(put(*w, std::string(size, static_cast<char>(put_count++ % 251))));
        while (put_count - got_count > step % 97) {
            const std::size_t expected = (got_count * 7919) % 3000;
            const std::string text = get();
            ASSERT_EQ(text.size(), expected);
            ASSERT_EQ(text, std::string(expected, static_cast<char>(got_count++ % 251)));
        }
    }
    EXPECT_EQ(inbox_->qsize(), put_count - got_count);
}

TEST_F(InboxTest, takes_a_message_of_48_megabytes) {
    open();
    auto w = writer();
    const std::string big(48 * 1024 * 1024, 'x');
    ASSERT_TRUE(put(*w, big));
    EXPECT_EQ(inbox_->info().next_message_bytes, big.size());
    EXPECT_TRUE(get() == big);
}

TEST_F(InboxTest, holds_exactly_max_messages) {
    open({.max_messages = 3});
    auto w = writer();
    for (int round = 0; round < 5; ++round) {
        while (inbox_->qsize() < 3) ASSERT_TRUE(put(*w, "x"));
        EXPECT_TRUE(inbox_->full());
        EXPECT_EQ(put(*w, "x").error().code, Errc::slot_full);
        EXPECT_EQ(get(), "x");
        EXPECT_FALSE(inbox_->full());
    }
    EXPECT_EQ(inbox_->info().lost.slot_full, 5u);
}

TEST_F(InboxTest, holds_exactly_max_bytes_and_refuses_what_is_too_big_for_ever) {
    open({.max_message_bytes = 600, .max_bytes = 1000});
    auto w = writer();
    ASSERT_TRUE(put(*w, std::string(600, 'x')));
    EXPECT_EQ(put(*w, std::string(401, 'x')).error().code, Errc::slot_full);
    ASSERT_TRUE(put(*w, std::string(400, 'x')));
    EXPECT_TRUE(inbox_->full());
    EXPECT_EQ(put(*w, "x").error().code, Errc::slot_full);
    EXPECT_TRUE(put(*w, ""));
    EXPECT_EQ(put(*w, std::string(601, 'x')).error().code, Errc::message_too_big);
}

TEST_F(InboxTest, alternates_put_and_get_where_one_message_may_wait) {
    open({.max_messages = 1});
    auto w = writer();
    for (int i = 0; i < 1000; ++i) {
        ASSERT_TRUE(put(*w, std::to_string(i)));
        ASSERT_EQ(get(), std::to_string(i));
    }
}

TEST_F(InboxTest, puts_a_batch_up_to_the_quota) {
    open({.max_messages = 5});
    auto w = writer();
    std::vector<Item> items;
    for (int i = 0; i < 8; ++i)
        items.push_back(item("abcdefgh", static_cast<std::uint64_t>(i + 1)));
    EXPECT_EQ(w->put(items).value(), 5u);
    EXPECT_EQ(inbox_->qsize(), 5u);
    Record record;
    for (std::uint64_t i = 1; i <= 5; ++i) {
        ASSERT_TRUE(get_nowait(*inbox_, record));
        EXPECT_EQ(record.sequence, i);
    }
}

TEST_F(InboxTest, gives_memory_back_after_a_burst) {
    open();
    auto w = writer();
    const std::string text(1000, 'x');
    for (int i = 0; i < 20000; ++i) ASSERT_TRUE(put(*w, text));
    Record record;
    while (get_nowait(*inbox_, record)) {
    }
    EXPECT_EQ(get_within(*inbox_, record, 150ms).error().code, Errc::timed_out);
    struct stat status {};
    const WriterPass pass = inbox_->admit_writer().value();
    ASSERT_EQ(fstat(pass.segment.number(), &status), 0);
    EXPECT_LT(status.st_blocks * 512, 100 * 1024);
}

TEST_F(InboxTest, waits_no_shorter_than_asked) {
    open();
    Record record;
    for (const auto timeout : {0ms, 1ms, 20ms, 130ms}) {
        const auto before = steady_clock::now();
        EXPECT_EQ(get_within(*inbox_, record, timeout).error().code, Errc::timed_out);
        EXPECT_GE(steady_clock::now() - before, timeout);
    }
}

TEST_F(InboxTest, wakes_a_sleeping_reader) {
    open();
    auto w = writer();
    std::string got;
    std::thread reader([&] {
        Record record;
        if (get_within(*inbox_, record, kForever)) got = record.payload;
    });
    while (w->header().bell.load() == 0) std::this_thread::yield();
    ASSERT_TRUE(put(*w, "good morning"));
    reader.join();
    EXPECT_EQ(got, "good morning");
}

TEST_F(InboxTest, gives_each_message_to_one_of_many_reading_threads) {
    open();
    constexpr int kReaders = 4, kWriters = 3;
    constexpr std::uint64_t kEach = 3000;
    std::mutex mutex;
    std::multiset<std::pair<std::uint64_t, std::uint64_t>> seen;
    std::vector<std::thread> threads;
    for (int i = 0; i < kReaders; ++i) {
        threads.emplace_back([&] {
            Record record;
            while (get_within(*inbox_, record, kForever)) {
                std::lock_guard lock(mutex);
                seen.emplace(record.origin, record.sequence);
                if (seen.size() == kWriters * kEach) break;
            }
            inbox_->close();
        });
    }
    for (std::uint64_t origin = 0; origin < kWriters; ++origin) {
        threads.emplace_back([&, origin, w = std::shared_ptr<InboxWriter>(writer())] {
            for (std::uint64_t i = 1; i <= kEach; ++i) {
                Item one = item("payload", i);
                one.origin = origin;
                ASSERT_TRUE(w->put({&one, 1}));
            }
        });
    }
    for (auto& thread : threads) thread.join();
    EXPECT_EQ(seen.size(), kWriters * kEach);
    EXPECT_EQ(std::set(seen.begin(), seen.end()).size(), kWriters * kEach);
}

TEST_F(InboxTest, close_wakes_every_waiting_thread) {
    open();
    std::vector<std::thread> threads;
    std::atomic<int> closed{0};
    for (int i = 0; i < 4; ++i) {
        threads.emplace_back([&] {
            Record record;
            if (get_within(*inbox_, record, kForever).error().code == Errc::closed) ++closed;
        });
    }
    auto w = writer();
    while (w->header().bell.load() == 0) std::this_thread::yield();
    inbox_->close();
    for (auto& thread : threads) thread.join();
    EXPECT_EQ(closed, 4);
    EXPECT_EQ(put(*w, "x").error().code, Errc::no_such_slot);
    EXPECT_EQ(get(), "(closed)");
}

TEST_F(InboxTest, descriptor_is_readable_exactly_while_a_message_waits) {
    open();
    auto before = writer();
    ASSERT_TRUE(put(*before, "one"));
    EXPECT_TRUE(is_readable());
    EXPECT_EQ(get(), "one");
    EXPECT_FALSE(is_readable());
    auto after = writer();  // has the descriptor
    for (int i = 0; i < 3; ++i) {
        ASSERT_TRUE(put(*after, "two"));
        ASSERT_TRUE(put(*after, "three"));
        EXPECT_TRUE(is_readable());
        EXPECT_EQ(get(), "two");
        EXPECT_TRUE(is_readable());
        EXPECT_EQ(get(), "three");
        EXPECT_FALSE(is_readable());
    }
    ASSERT_TRUE(put(*before, "four"));  // lacks the descriptor: the station rings
    ASSERT_EQ(before->take_wants(), InboxWriter::kWantsRing);
    inbox_->ring();
    EXPECT_TRUE(is_readable());
}

TEST_F(InboxTest, a_writer_waits_for_room) {
    open({.max_messages = 2});
    auto w = writer();
    ASSERT_TRUE(put(*w, "1"));
    ASSERT_TRUE(put(*w, "2"));
    EXPECT_EQ(w->wait_for_room(1, steady_clock::now() + 5ms).error().code, Errc::timed_out);
    std::thread reader([&] {
        while (w->header().room_wanted.load() == 0) std::this_thread::yield();
        EXPECT_EQ(get(), "1");
    });
    EXPECT_TRUE(w->wait_for_room(1, std::nullopt));
    EXPECT_TRUE(put(*w, "3"));
    reader.join();
}

TEST_F(InboxTest, a_signal_ends_waits_before_they_sleep) {
    open({.max_messages = 1});
    auto w = writer();
    const Interrupted yes = [] { return true; };
    Record record;
    EXPECT_EQ(get_within(*inbox_, record, kForever, yes).error().code, Errc::interrupted);
    ASSERT_TRUE(put(*w, "1"));
    EXPECT_EQ(w->wait_for_room(1, std::nullopt, yes).error().code, Errc::interrupted);
    EXPECT_TRUE(get_within(*inbox_, record, kForever, yes));  // a waiting message comes first
    EXPECT_TRUE(w->wait_for_room(1, std::nullopt, yes));
}

TEST_F(InboxTest, nobody_waits_for_room_when_all_is_over) {
    open({.max_messages = 1});
    auto w = writer();
    ASSERT_TRUE(put(*w, "1"));
    const std::atomic<bool> is_over{true};
    EXPECT_EQ(w->wait_for_room(1, std::nullopt, nullptr, &is_over).error().code, Errc::closed);
}

TEST_F(InboxTest, a_writer_notices_that_the_reading_process_died) {
    open();
    auto w = writer();
    std::thread([&] {
        liveness_->bind_to_this_thread();
    }).join();  // the kernel marks the page when this thread ends
    EXPECT_EQ(put(*w, "x").error().code, Errc::no_such_slot);
}

#if defined(MAILSLOT_CRASH_POINTS)

struct Died {};
std::string fatal_step;
int fatal_visit = 0;
void die_at_step(const char* step) {
    if (fatal_step == step && --fatal_visit == 0) throw Died{};
}

// Abandons a put at every step. Each time, the slot is as if that put had been made, or as if it
// had not been made at all.
TEST_F(InboxTest, a_writer_may_die_at_every_step) {
    const std::map<std::string, bool> steps = {
        {"locked", false},         {"block_taken", false},     {"block_linked", false},
        {"header_written", false}, {"payload_written", false}, {"tail_prepared", false},
        {"committed", true},       {"tail_selected", true},    {"unlocked", true},
        {"before_bell", true},     {"bell_taken", true},
    };
    on_crash_point = die_at_step;
    for (const auto& [step, made] : steps) {
        for (std::size_t size : {0, 100, 40000, 300000}) {
            for (bool read_before_burial : {false, true}) {
                SCOPED_TRACE(step + " " + std::to_string(size) +
                             (read_before_burial ? " read" : ""));
                open();
                auto other = writer();
                for (int i = 0; i < 3; ++i) ASSERT_TRUE(put(*other, std::to_string(i)));
                auto victim = writer();
                const std::uint32_t number = last_number_;
                if (step == "bell_taken") other->header().bell.store(kBellSleeper);
                fatal_step = step;
                fatal_visit = 1;
                bool died = false;
                try {
                    (void)put(*victim, std::string(size, 'v'));
                } catch (const Died&) {
                    died = true;
                }
                fatal_step.clear();
                if (!died) continue;  // the put needed no new block
                std::vector<std::string> got;
                const auto drain = [&] {
                    for (std::string text; (text = get()) != "(timed_out)";) got.push_back(text);
                };
                if (read_before_burial) drain();
                inbox_->bury(number);
                EXPECT_EQ(inbox_->qsize() + got.size(), made ? 4u : 3u);
                for (int i = 3; i < 6; ++i) ASSERT_TRUE(put(*other, std::to_string(i)));
                ASSERT_TRUE(put(*other, std::string(200000, 'o')));
                drain();
                std::vector<std::string> expected{"0", "1", "2"};
                if (made) expected.push_back(std::string(size, 'v'));
                for (int i = 3; i < 6; ++i) expected.push_back(std::to_string(i));
                expected.push_back(std::string(200000, 'o'));
                EXPECT_TRUE(got == expected);
                EXPECT_EQ(inbox_->info().received, expected.size());
            }
        }
    }
    on_crash_point = nullptr;
}

#endif

TEST_F(InboxTest, a_damaged_segment_is_given_up_and_replaced) {
    open();
    auto w = writer();
    ASSERT_TRUE(put(*w, "one"));
    ASSERT_TRUE(put(*w, "two"));
    // A hostile writer sets the first word of the first record.
    WriterPass pass = inbox_->admit_writer().value();
    Segment evil = Segment::attach(std::move(pass.segment)).value();
    evil.word({0, kBlockHeaderBytes}).store(~0ull);
    EXPECT_EQ(get(), "(timed_out)");
    EXPECT_EQ(inbox_->info().lost.bad_record, 2u);
    EXPECT_EQ(put(*w, "three").error().code, Errc::no_such_slot);
    auto fresh = writer();
    ASSERT_TRUE(put(*fresh, "four"));
    EXPECT_EQ(get(), "four");
}

}  // namespace
}  // namespace mailslot::inbox
