#include <gtest/gtest.h>
#include <poll.h>

#include <algorithm>
#include <array>
#include <map>
#include <mutex>
#include <thread>
#include <vector>

#include "base/crash_point.h"
#include "inbox/inbox.h"
#include "inbox/meta.h"
#include "inbox/put_now.h"
#include "inbox/testing/slot_under_test.h"

namespace mailslot::inbox {
namespace {

using namespace std::chrono_literals;
using std::chrono::steady_clock;

// A slot that drops its oldest, without a station: a test makes room itself.
class MakeRoom : public SlotUnderTest {
protected:
    void open(SlotOptions options) {
        options.when_full = WhenFull::drop_oldest;
        SlotUnderTest::open(options);
    }
    static Result<void> put(InboxWriter& writer, std::string_view text, std::uint64_t sequence,
                            std::uint64_t origin = 7) {
        Item one{.format = Format::text,
                 .origin = origin,
                 .sequence = sequence,
                 .payload = as_bytes(text)};
        if (writer.put_now(one, [] { return std::int64_t{0}; })) return {};
        auto taken = writer.put({&one, 1});
        if (!taken) return taken.error();
        return {};
    }
    // Puts messages of origin 7, numbered `first` to `last`; each contains its number.
    void put_numbers(InboxWriter& writer, std::uint64_t first, std::uint64_t last) {
        for (std::uint64_t i = first; i <= last; ++i) {
            ASSERT_TRUE(put(writer, std::to_string(i), i)) << i;
        }
    }
    // Gets the next message, which must have the number `sequence`. Returns how many were dropped
    // before it.
    std::uint64_t get_number(std::uint64_t sequence) {
        EXPECT_TRUE(get_nowait(*inbox_, record_));
        EXPECT_EQ(record_.payload, std::to_string(sequence));
        EXPECT_EQ(record_.sequence, sequence);
        return record_.dropped_before;
    }
    std::uint64_t dropped() const { return inbox_->info().lost.dropped_oldest; }

    Record record_;
};

TEST_F(MakeRoom, keeps_exactly_the_newest_and_tells_of_the_others_once) {
    for (const std::uint64_t kept : {1, 2, 7, 10, 1000}) {
        SCOPED_TRACE(kept);
        open({.max_messages = kept});
        auto w = writer();
        put_numbers(*w, 1, kept + 100);
        EXPECT_TRUE(inbox_->make_room());
        EXPECT_EQ(inbox_->qsize(), kept);
        EXPECT_TRUE(inbox_->full());
        EXPECT_EQ(dropped(), 100u);
        EXPECT_EQ(inbox_->info().received, kept + 100);
        EXPECT_EQ(inbox_->info().lost.total(), 100u);
        for (std::uint64_t i = 101; i <= 100 + kept; ++i) {
            EXPECT_EQ(get_number(i), i == 101 ? 100u : 0u);
        }
        EXPECT_TRUE(inbox_->empty());
        put_numbers(*w, kept + 101, kept + 101);
        EXPECT_EQ(get_number(kept + 101), 0u);
    }
}

TEST_F(MakeRoom, has_nothing_to_do_in_a_slot_that_is_not_full_or_refuses) {
    open({.max_messages = 10});
    auto w = writer();
    put_numbers(*w, 1, 10);
    EXPECT_EQ(w->take_wants(), InboxWriter::kWantsNothing);
    EXPECT_FALSE(inbox_->make_room());
    EXPECT_EQ(inbox_->qsize(), 10u);

    inbox_ = Inbox::create({"TEST", "TEST"}, {.max_messages = 10}).value();
    auto refused = writer();
    put_numbers(*refused, 1, 10);
    EXPECT_EQ(put(*refused, "11", 11).error().code, Errc::slot_full);
    EXPECT_EQ(refused->take_wants(), InboxWriter::kWantsNothing);
    EXPECT_FALSE(inbox_->make_room(1));
    EXPECT_EQ(inbox_->qsize(), 10u);
    EXPECT_EQ(inbox_->info().lost.slot_full, 1u);
}

TEST_F(MakeRoom, is_asked_for_once_and_once_more_when_half_of_the_reserve_is_used) {
    open({.max_messages = 100});
    auto w = writer(), other = writer();
    const Limits& limits = w->geometry().limits;
    put_numbers(*w, 1, 101);
    EXPECT_EQ(w->take_wants(), InboxWriter::kWantsRoom);
    std::uint64_t last = 101, asked_at = 0;
    while (put(*other, "x", last + 1, 8)) {
        ++last;
        const bool asks = other->take_wants() == InboxWriter::kWantsRoom;
        EXPECT_FALSE(asks && asked_at != 0);
        if (asks) asked_at = last;
    }
    EXPECT_GT(asked_at, limits.kept_messages + limits.reserved_messages() / 2);
    EXPECT_EQ(last, limits.max_messages);
    EXPECT_EQ(other->take_wants(), InboxWriter::kWantsNothing);
    EXPECT_EQ(inbox_->info().lost.slot_full, 0u);  // counted only by a caller that gives up

    EXPECT_TRUE(inbox_->make_room());  // another look will follow
    EXPECT_TRUE(put(*w, "x", 102));
    EXPECT_EQ(w->take_wants(), InboxWriter::kWantsNothing);
    EXPECT_TRUE(inbox_->make_room());
    EXPECT_EQ(inbox_->qsize(), 100u);
    EXPECT_TRUE(inbox_->make_room());   // another look follows a look that found nothing
    EXPECT_FALSE(inbox_->make_room());  // no further look
    EXPECT_EQ(inbox_->qsize(), 100u);
}

TEST_F(MakeRoom, is_asked_for_again_when_nobody_looks_any_more) {
    open({.max_messages = 10});
    auto w = writer();
    std::uint64_t last = 10;
    put_numbers(*w, 1, 10);
    for (int round = 0; round < 20; ++round) {
        auto asks = writer();  // a new writer, so it may ask at once
        ++last;
        ASSERT_TRUE(put(*asks, std::to_string(last), last));
        EXPECT_EQ(asks->take_wants(), InboxWriter::kWantsRoom);
        while (inbox_->make_room()) {
        }
        EXPECT_EQ(inbox_->qsize(), 10u);
    }
    EXPECT_EQ(dropped(), 20u);
}

TEST_F(MakeRoom, drops_as_many_bytes_as_it_must_also_over_many_blocks) {
    open({.max_bytes = 1'000'000});
    auto w = writer();
    std::vector<std::string> sent;
    for (std::uint64_t i = 1; i <= 400; ++i) {
        sent.emplace_back((i * 7919 * 13) % 300'000, static_cast<char>('a' + i % 26));
        auto done = put(*w, sent.back(), i);
        if (!done) {  // larger than the rest of the reserve
            ASSERT_EQ(done.error().code, Errc::slot_full);
            EXPECT_TRUE(inbox_->make_room(sent.back().size()));
            done = put(*w, sent.back(), i);
        }
        ASSERT_TRUE(done) << i;
        if (i % 3 == 0) inbox_->make_room();
    }
    inbox_->make_room();
    EXPECT_LE(inbox_->info().bytes, 1'000'000u);
    EXPECT_GT(inbox_->info().bytes, 700'000u);  // drops no more than needed
    const std::uint64_t waiting = inbox_->qsize();
    EXPECT_EQ(dropped() + waiting, 400u);
    for (std::uint64_t i = 400 - waiting; i < 400; ++i) {
        ASSERT_TRUE(get_nowait(*inbox_, record_));
        EXPECT_TRUE(record_.payload == sent[i]) << i;
    }
    EXPECT_TRUE(inbox_->empty());
}

TEST_F(MakeRoom, makes_room_for_one_that_is_larger_than_the_reserve) {
    open({.max_bytes = 10'000'000});
    auto w = writer();
    const std::string big(4'000'000, 'b');
    for (std::uint64_t i = 1; i <= 2; ++i) ASSERT_TRUE(put(*w, big, i));
    EXPECT_EQ(put(*w, big, 3).error().code, Errc::slot_full);
    EXPECT_FALSE(inbox_->make_room());  // nothing in excess
    EXPECT_TRUE(inbox_->make_room(big.size()));
    EXPECT_EQ(dropped(), 1u);
    EXPECT_TRUE(put(*w, big, 3));
    // At worst, a false size empties the slot.
    EXPECT_TRUE(inbox_->make_room(~std::uint64_t{0}));
    EXPECT_LE(inbox_->qsize(), 2u);
    EXPECT_EQ(put(*w, std::string(10'000'001, 'x'), 4).error().code, Errc::message_too_big);
}

TEST_F(MakeRoom, tells_every_origin_of_its_own_and_of_what_the_dropped_would_have_told) {
    open({.max_messages = 4});
    auto w = writer();
    std::array<std::byte, kMaxMetaBytes> with_losses, without;
    const Bytes five_lost = encode_meta(with_losses, {.lost_before = 5});
    const Bytes none_lost = encode_meta(without, {.lost_before = 0});
    const auto put_network = [&](std::uint64_t sequence, Bytes meta) {
        const Item one{.kind = RecordKind::network,
                       .format = Format::text,
                       .origin = 9,
                       .sequence = sequence,
                       .meta = meta};
        EXPECT_TRUE(w->put({&one, 1}));
    };
    put_network(6, five_lost);
    put_network(7, none_lost);
    put_network(8, none_lost);
    put_numbers(*w, 1, 2);
    ASSERT_TRUE(put(*w, "", 1, 8));
    ASSERT_TRUE(put(*w, "3", 3, 7));
    put_network(9, none_lost);
    ASSERT_TRUE(put(*w, "", 2, 8));  // four are kept: 1 of 8, 3 of 7, 9 of 9, 2 of 8
    inbox_->make_room();
    EXPECT_EQ(dropped(), 5u);
    ASSERT_TRUE(get_nowait(*inbox_, record_));
    EXPECT_EQ(std::pair(record_.origin, record_.dropped_before),
              (std::pair<std::uint64_t, std::uint64_t>(8, 0)));
    EXPECT_EQ(get_number(3), 2u);
    ASSERT_TRUE(get_within(*inbox_, record_, 0ms));
    EXPECT_EQ(std::pair(record_.origin, record_.dropped_before),
              (std::pair<std::uint64_t, std::uint64_t>(9, 3 + 5)));
    ASSERT_TRUE(get_nowait(*inbox_, record_));
    EXPECT_EQ(record_.dropped_before, 0u);
}

TEST_F(MakeRoom, keeps_the_descriptor_exact) {
    open({.max_bytes = 2'000'000});
    auto w = writer();
    const auto is_readable = [this] {
        pollfd poll_fd{os::to_number(inbox_->fileno().value()), POLLIN, 0};
        return ::poll(&poll_fd, 1, 0) == 1;
    };
    EXPECT_FALSE(is_readable());
    ASSERT_TRUE(put(*w, std::string(2'000'000, 'x'), 1));
    inbox_->ring();
    EXPECT_TRUE(is_readable());
    inbox_->make_room(2'000'000);
    EXPECT_EQ(inbox_->qsize(), 0u);
    EXPECT_FALSE(is_readable());
}

TEST_F(MakeRoom, wakes_a_writer_that_waits) {
    open({.max_bytes = 10'000});
    auto w = writer();
    std::uint64_t last = 0;
    while (put(*w, std::string(10'000, 'x'), last + 1)) ++last;
    std::thread station([&] {
        while (w->header().room_wanted.load() == 0) std::this_thread::yield();
        inbox_->make_room(10'000);
    });
    EXPECT_TRUE(w->wait_for_room(10'000, steady_clock::now() + 20s));
    station.join();
    EXPECT_TRUE(put(*w, std::string(10'000, 'x'), last + 1));
}

TEST_F(MakeRoom, does_not_count_as_dropped_what_was_never_put_whole) {
    open({.max_messages = 1});
    auto w = writer();
    // A batch larger than the reserve goes in as far as there is room.
    std::vector<Item> items(6000);
    for (std::size_t i = 0; i < items.size(); ++i) {
        items[i] = {.format = Format::text, .origin = 7, .sequence = i + 1};
    }
    std::size_t done = 0;
    while (done < items.size()) {
        const auto taken = w->put(std::span(items).subspan(done));
        if (taken) done += *taken;
        inbox_->make_room();
    }
    EXPECT_EQ(dropped(), 5999u);
    ASSERT_TRUE(get_nowait(*inbox_, record_));
    EXPECT_EQ(record_.sequence, 6000u);
    EXPECT_EQ(record_.dropped_before, 5999u);
}

// Several writers and readers, and a station: every message is got or dropped, and every gap is
// reported.
TEST_F(MakeRoom, is_exact_with_many_writers_and_readers) {
    open({.max_messages = 50});
    constexpr std::uint64_t kWriters = 3, kEach = 20'000;
    constexpr int kReaders = 2;
    std::atomic<bool> all_put{false}, stop_station{false};
    std::mutex mutex;
    std::map<std::uint64_t, std::uint64_t> got, told;
    std::vector<std::thread> writers, readers;
    std::thread station([&] {
        while (!stop_station) {
            inbox_->make_room(100);
            std::this_thread::yield();
        }
    });
    for (std::uint64_t origin = 0; origin < kWriters; ++origin) {
        writers.emplace_back([&, origin, w = std::shared_ptr<InboxWriter>(writer())] {
            for (std::uint64_t i = 1; i <= kEach; ++i) {
                Result<void> done;
                while (!(done = put(*w, std::to_string(i), i, origin))) {
                    ASSERT_EQ(done.error().code, Errc::slot_full);
                    (void)w->wait_for_room(10, steady_clock::now() + 1s);
                }
            }
        });
    }
    for (int i = 0; i < kReaders; ++i) {
        readers.emplace_back([&] {
            Record record;
            for (;;) {
                const bool is_last = all_put;
                const bool took = get_within(*inbox_, record, 1ms).has_value();
                if (!took && is_last) return;
                if (!took) continue;
                EXPECT_EQ(record.payload, std::to_string(record.sequence));
                const std::lock_guard lock(mutex);
                got[record.origin] += 1;
                told[record.origin] += record.dropped_before;
            }
        });
    }
    for (std::thread& thread : writers) thread.join();
    all_put = true;
    for (std::thread& thread : readers) thread.join();
    stop_station = true;
    station.join();
    std::uint64_t sum = 0;
    for (std::uint64_t origin = 0; origin < kWriters; ++origin) {
        EXPECT_LE(got[origin] + told[origin], kEach);
        sum += got[origin];
    }
    EXPECT_EQ(sum + dropped(), kWriters * kEach);
    // A further message of each origin reports the rest.
    auto w = writer();
    for (std::uint64_t origin = 0; origin < kWriters; ++origin) {
        ASSERT_TRUE(put(*w, "", kEach + 1, origin));
        ASSERT_TRUE(get_nowait(*inbox_, record_));
        EXPECT_EQ(got[origin] + told[origin] + record_.dropped_before, kEach) << origin;
    }
}

TEST_F(MakeRoom, keeps_the_order_and_tells_each_gap_where_it_is) {
    open({.max_messages = 20});
    constexpr std::uint64_t kAll = 100'000;
    std::atomic<bool> stop{false};
    std::thread station([&] {
        while (!stop) {
            inbox_->make_room(1);
            std::this_thread::yield();
        }
    });
    std::thread writing([&, w = std::shared_ptr<InboxWriter>(writer())] {
        for (std::uint64_t i = 1; i <= kAll;) {
            if (put(*w, std::to_string(i), i)) ++i;
        }
    });
    for (std::uint64_t last = 0; last < kAll;) {
        ASSERT_TRUE(get_within(*inbox_, record_, 60s));
        ASSERT_EQ(record_.sequence, last + 1 + record_.dropped_before);
        last = record_.sequence;
    }
    writing.join();
    stop = true;
    station.join();
}

// --- Malicious writers

TEST_F(MakeRoom, a_writer_does_not_attach_to_a_policy_that_makes_no_sense) {
    using Deed = void (*)(Header&);
    for (const Deed deed :
         {Deed([](Header& h) { h.when_full = 2; }), Deed([](Header& h) { h.when_full = 257; }),
          Deed([](Header& h) { h.kept_messages = h.max_messages + 1; }),
          Deed([](Header& h) { h.kept_bytes = h.max_bytes + 1; })}) {
        open({.max_messages = 10});
        WriterPass pass = inbox_->admit_writer().value(), second = inbox_->admit_writer().value();
        deed(Segment::attach(std::move(pass.segment)).value().header());
        EXPECT_EQ(Segment::attach(std::move(second.segment)).error().code, Errc::bad_segment);
        // The reader goes on with fresh memory after the intruder has gone.
        inbox_->bury(pass.number);
        auto w = writer();
        EXPECT_TRUE(put(*w, "works again", 1));
        EXPECT_TRUE(get_nowait(*inbox_, record_));
    }
}

TEST_F(MakeRoom, lies_in_the_tail_lead_to_fresh_memory_and_never_in_a_hang) {
    open({.max_messages = 10});
    auto w = writer();
    put_numbers(*w, 1, 15);
    Header& header = w->header();
    header.tails[0].count = header.tails[1].count = ~std::uint64_t{0} / 2;
    header.tails[0].bytes = header.tails[1].bytes = ~std::uint64_t{0} / 2;
    EXPECT_TRUE(inbox_->make_room());
    EXPECT_LE(dropped(), 15u);
    inbox_->bury(last_number_);
    auto after = writer();
    EXPECT_TRUE(put(*after, "works again", 1));
    Record record;
    EXPECT_TRUE(get_nowait(*inbox_, record));
    EXPECT_EQ(record.payload, "works again");
}

TEST_F(MakeRoom, a_damaged_record_on_the_way_ends_in_fresh_memory) {
    open({.max_messages = 10});
    auto w = writer();
    put_numbers(*w, 1, 15);
    WriterPass pass = inbox_->admit_writer().value();
    Segment::attach(std::move(pass.segment)).value().word({0, kBlockHeaderBytes}).store(~0ull);
    inbox_->make_room();
    EXPECT_TRUE(inbox_->empty());
    EXPECT_GT(inbox_->info().lost.bad_record, 0u);
    EXPECT_EQ(put(*w, "16", 16).error().code, Errc::no_such_slot);
    auto fresh = writer();
    put_numbers(*fresh, 1, 15);
    inbox_->make_room();
    EXPECT_EQ(get_number(6), 5u);
}

TEST_F(MakeRoom, a_word_that_others_lower_all_the_time_costs_a_writer_few_requests) {
    open({.max_messages = 10});
    auto w = writer();
    const auto began = steady_clock::now();
    std::uint64_t requests = 0;
    for (std::uint64_t i = 1; i <= 4000; ++i) {
        ASSERT_TRUE(put(*w, "x", i));
        w->header().room_asked = 0;
        if (w->take_wants() == InboxWriter::kWantsRoom) ++requests;
    }
    const auto most = (steady_clock::now() - began) / 100us + 1;
    EXPECT_LE(requests, static_cast<std::uint64_t>(most));
}

#if defined(MAILSLOT_CRASH_POINTS)

struct Died {};
void die_when_asking(const char* step) {
    if (std::string_view(step) == "room_asked") throw Died{};
}

// The writer dies with the lock held, before the message is visible and before anybody was asked.
TEST_F(MakeRoom, is_not_missed_when_a_writer_dies_before_it_asks) {
    open({.max_messages = 10});
    auto other = writer();
    put_numbers(*other, 1, 10);
    auto victim = writer();
    const std::uint32_t number = last_number_;
    on_crash_point = die_when_asking;
    EXPECT_THROW((void)put(*victim, "v", 1, 8), Died);
    on_crash_point = nullptr;
    EXPECT_EQ(other->header().room_asked.load(), kRoomIsLookedFor);
    inbox_->bury(number);
    EXPECT_TRUE(inbox_->make_room());  // done by the station when the writer's connection closes
    put_numbers(*other, 11, 30);
    inbox_->make_room();
    EXPECT_EQ(inbox_->qsize(), 10u);
    EXPECT_EQ(get_number(21), 20u);
}

#endif

}  // namespace
}  // namespace mailslot::inbox
