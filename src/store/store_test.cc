// Writer and reader together, on real files.
#include <gtest/gtest.h>

#include <algorithm>
#include <fstream>

#include "store/limits.h"
#include "store/testing/temporary_store.h"
#include "wire/labels.h"

namespace mailslot::store {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

class StoreTest : public ::testing::Test {
protected:
    StoreWriter writer(const Retention& retention = {}) {
        return StoreWriter::open(file_, retention, clock_).value();
    }
    StoreReader reader() { return StoreReader::open(file_).value(); }

    // Appends messages whose texts and sequences count on.
    void append(StoreWriter& to, std::size_t count, std::size_t text_bytes = 0) {
        for (std::size_t i = 0; i < count; ++i) {
            OwnedMessage message;
            message.sequence = ++sequence_;
            message.kept_us = clock_.unix_microseconds();
            message.text = "number " + std::to_string(sequence_) + ' ';
            message.text.resize(std::max(message.text.size(), text_bytes), 'x');
            to.append(message.view());
        }
    }
    // Appends and commits, and lets the next commit be due.
    void commit(StoreWriter& to, std::size_t count) {
        append(to, count);
        to.commit();
        clock_.advance(kCommitGap);
    }
    std::vector<std::uint64_t> sequences(std::string_view query = "",
                                         Direction direction = Direction::oldest_first) {
        StoreReader from = reader();
        std::vector<std::uint64_t> found;
        for (const OwnedMessage& message : found_in(from, query, direction))
            found.push_back(message.sequence);
        return found;
    }
    static std::vector<std::uint64_t> counted(std::uint64_t first, std::uint64_t last) {
        std::vector<std::uint64_t> all;
        for (std::uint64_t i = first; i <= last; ++i) all.push_back(i);
        return all;
    }

    TemporaryFolder folder_;
    std::string file_ = folder_.file();
    FakeClock clock_;
    std::uint64_t sequence_ = 0;
};

TEST_F(StoreTest, a_message_comes_out_as_it_went_in) {
    OwnedMessage message{.slot = "ALARMS",
                         .host = "beta",
                         .address = "fe80::1",
                         .text = std::string("a\0b\xff", 4),
                         .origin = 0xfedcba9876543210,
                         .sequence = 1u << 20,
                         .lost_before = 7,
                         .trust = Trust::domain,
                         .format = Format::bytes,
                         .kept_us = 1'700'000'000'000'001,
                         .sent_us = -5,
                         .level = 30};
    const Label labels[] = {{"level", "30"}, {"logger", "db"}};
    ASSERT_TRUE(wire::append_labels(message.labels, labels));
    {
        StoreWriter to = writer();
        to.append(message.view());
    }
    StoreReader from = reader();
    message.position = {1, 0};
    EXPECT_EQ(found_in(from, ""), std::vector{message});
}

TEST_F(StoreTest, committed_messages_are_seen_at_once_and_others_not) {
    StoreWriter to = writer();
    commit(to, 3);
    EXPECT_EQ(sequences(), counted(1, 3));
    append(to, 2);
    EXPECT_EQ(sequences(), counted(1, 3));
    to.commit();
    EXPECT_EQ(sequences(), counted(1, 5));
}

TEST_F(StoreTest, both_directions_go_over_chunks_and_batches) {
    StoreWriter to = writer();
    append(to, 9000, 85);
    for (int i = 0; i < 5; ++i) commit(to, 3);
    EXPECT_GE(to.counters().chunks, 3u);
    std::vector<std::uint64_t> all = counted(1, 9015);
    EXPECT_EQ(sequences(), all);
    std::ranges::reverse(all);
    EXPECT_EQ(sequences("", Direction::newest_first), all);
}

TEST_F(StoreTest, a_position_names_its_message_for_good) {
    StoreWriter to = writer();
    for (int i = 0; i < 10; ++i) commit(to, 2);
    StoreReader from = reader();
    const auto before = found_in(from, "");
    append(to, 5000, 100);
    to.close();
    const auto after = found_in(from, "");
    ASSERT_EQ(after.size(), 5020u);
    for (std::size_t i = 0; i < before.size(); ++i) {
        EXPECT_EQ(after[i], before[i]) << i;
        Search search(from, Query{}, Direction::oldest_first);
        search.start_at(before[i].position);
        ASSERT_TRUE(search.next_block().value());
        EXPECT_EQ(owned(search[0]), before[i]);
        Search newest(from, Query{}, Direction::newest_first);
        newest.start_at(before[i].position);
        EXPECT_EQ(all_of(newest).size(), i);
    }
}

TEST_F(StoreTest, a_search_goes_on_with_what_comes_and_repeats_nothing) {
    StoreWriter to = writer();
    StoreReader from = reader();
    Search search(from, Query{}, Direction::oldest_first);
    std::vector<std::uint64_t> seen;
    for (int i = 0; i < 200; ++i) {  // batches are packed in between
        commit(to, static_cast<std::size_t>(i % 3));
        if (i % 50 == 0) append(to, 3000, 90);
        for (const OwnedMessage& message : all_of(search)) seen.push_back(message.sequence);
    }
    to.close();
    for (const OwnedMessage& message : all_of(search)) seen.push_back(message.sequence);
    EXPECT_EQ(seen, counted(1, sequence_));
    EXPECT_GE(to.counters().chunks, 5u);
}

TEST_F(StoreTest, a_newest_first_search_goes_on_while_its_batches_are_packed) {
    StoreWriter to = writer();
    for (int i = 0; i < 20; ++i) commit(to, 1);
    StoreReader from = reader();
    Search search(from, Query{}, Direction::newest_first);
    ASSERT_TRUE(search.next_block().value());
    EXPECT_EQ(search[0].sequence, 20u);
    append(to, 5000, 100);
    to.close();
    std::vector<std::uint64_t> rest;
    for (const OwnedMessage& message : all_of(search)) rest.push_back(message.sequence);
    std::ranges::reverse(rest);
    EXPECT_EQ(rest, counted(1, 19));
}

TEST_F(StoreTest, the_next_keeper_goes_on_at_the_next_row) {
    {
        StoreWriter to = writer();
        commit(to, 3);
        EXPECT_EQ(to.next_position(), (Position{1, 3}));
    }
    StoreWriter to = writer();
    EXPECT_EQ(to.next_position(), (Position{2, 0}));  // an orderly end packs
    commit(to, 2);
    EXPECT_EQ(sequences(), counted(1, 5));
}

TEST_F(StoreTest, a_second_keeper_is_refused) {
    StoreWriter to = writer();
    const auto second = StoreWriter::open(file_, {}, clock_);
    ASSERT_FALSE(second);
    EXPECT_EQ(second.error().code, Errc::slot_exists);
}

TEST_F(StoreTest, an_orderly_end_leaves_one_file_that_only_its_user_may_read) {
    {
        StoreWriter to = writer();
        commit(to, 1);
    }
    std::vector<std::string> names;
    for (const auto& entry :
         std::filesystem::directory_iterator(std::filesystem::path(file_).parent_path()))
        names.push_back(entry.path().filename());
    EXPECT_EQ(names, std::vector<std::string>{"test.store"});
    EXPECT_EQ(std::filesystem::status(file_).permissions(), std::filesystem::perms(0600));
}

TEST_F(StoreTest, other_files_are_refused_and_stay_as_they_are) {
    const std::string text(100000, 'x');
    std::ofstream(file_) << text;
    EXPECT_FALSE(StoreWriter::open(file_, {}, clock_));
    EXPECT_FALSE(StoreReader::open(file_));
    std::ifstream in(file_);
    EXPECT_EQ(std::string(std::istreambuf_iterator<char>(in), {}), text);
    const std::string other = folder_.file("other.store");
    std::ofstream(other).close();
    {
        auto database = Database::open(other, Database::Mode::write).value();
        ASSERT_TRUE(database.run("CREATE TABLE t (x)"));
    }
    EXPECT_EQ(StoreWriter::open(other, {}, clock_).error().code, Errc::bad_packet);
    EXPECT_EQ(StoreReader::open(other).error().code, Errc::bad_packet);
    EXPECT_FALSE(StoreReader::open(folder_.file("missing.store")));
    EXPECT_FALSE(std::filesystem::exists(folder_.file("missing.store")));
}

TEST_F(StoreTest, a_store_with_a_view_or_of_a_later_version_is_refused) {
    {
        StoreWriter to = writer();
        commit(to, 1);
    }
    for (const char* const sql :
         {"CREATE VIEW v AS SELECT 1", "DROP VIEW v; PRAGMA user_version = 2"}) {
        {
            auto database = Database::open(file_, Database::Mode::write).value();
            ASSERT_TRUE(database.run(sql));
        }
        EXPECT_EQ(StoreReader::open(file_).error().code, Errc::bad_packet);
        EXPECT_EQ(StoreWriter::open(file_, {}, clock_).error().code, Errc::bad_packet);
    }
}

TEST_F(StoreTest, retention_keeps_the_newest_within_the_bytes) {
    StoreWriter to = writer({.max_bytes = 4 << 20});
    std::mt19937_64 random(1);
    for (int i = 0; i < 300; ++i) {
        for (int j = 0; j < 300; ++j) {
            OwnedMessage message;
            message.sequence = ++sequence_;
            message.text.clear();
            for (int k = 0; k < 12; ++k) message.text += std::to_string(random()) + ' ';
            to.append(message.view());
        }
        to.commit();
        EXPECT_LE(to.counters().file_bytes, (4u << 20) * 1.02);
    }
    to.close();
    EXPECT_LE(std::filesystem::file_size(file_), (4u << 20) * 1.05);
    const auto left = sequences();
    ASSERT_GT(left.size(), 1000u);
    EXPECT_EQ(left, counted(sequence_ - left.size() + 1, sequence_));
}

TEST_F(StoreTest, retention_removes_what_is_too_old) {
    StoreWriter to = writer({.max_age = seconds(60)});
    append(to, 10000, 85);
    to.commit();
    clock_.advance(seconds(61));
    commit(to, 5);
    const auto left = sequences();
    ASSERT_FALSE(left.empty());
    EXPECT_LT(left.size(), 10000u);
    EXPECT_EQ(left.back(), 10005u);
}

TEST_F(StoreTest, events_stand_between_messages) {
    StoreWriter to = writer();
    to.note("started");
    commit(to, 3);
    to.note("lost", 7, "LOG: slot_full");
    to.close();
    const auto events = reader().events().value();
    ASSERT_EQ(events.size(), 2u);
    EXPECT_EQ(events[0].kind, "started");
    EXPECT_EQ(events[0].position, (Position{1, 0}));
    EXPECT_EQ(events[1].kind, "lost");
    EXPECT_EQ(events[1].count, 7u);
    EXPECT_EQ(events[1].detail, "LOG: slot_full");
    EXPECT_EQ(events[1].position, (Position{1, 3}));
}

TEST_F(StoreTest, a_message_that_is_too_big_is_counted_and_told) {
    StoreWriter to = writer();
    OwnedMessage message;
    message.text.resize(kMaxTextBytes + 1);
    to.append(message.view());
    commit(to, 1);
    EXPECT_EQ(to.counters().not_stored, 1u);
    EXPECT_EQ(to.counters().stored, 1u);
    to.close();
    const auto events = reader().events().value();
    ASSERT_EQ(events.size(), 1u);
    EXPECT_EQ(events[0].kind, "not_stored");
    EXPECT_EQ(events[0].count, 1u);
}

TEST_F(StoreTest, the_largest_message_fits) {
    {
        StoreWriter to = writer();
        append(to, 100, 1000);
        OwnedMessage message;
        message.sequence = ++sequence_;
        message.text.resize(kMaxTextBytes, 'y');
        to.append(message.view());
        append(to, 1);
    }
    EXPECT_EQ(sequences(), counted(1, 102));
}

TEST_F(StoreTest, many_sources_and_many_empty_messages_fill_chunks) {
    {
        StoreWriter to = writer();
        for (int i = 0; i < 70000; ++i) {
            OwnedMessage message;
            message.sequence = ++sequence_;
            message.origin = static_cast<std::uint64_t>(i);
            message.text.clear();
            to.append(message.view());
        }
        EXPECT_GE(to.counters().chunks, 2u);
    }
    EXPECT_EQ(sequences(), counted(1, 70000));
}

TEST(Position, is_parsed_as_it_is_printed) {
    EXPECT_EQ(parse_position("12-34"), (Position{12, 34}));
    EXPECT_EQ(to_string(Position{12, 34}), "12-34");
    for (const std::string_view text : {"", "-", "12", "12-", "-34", "12-34x", "1-99999999999"})
        EXPECT_FALSE(parse_position(text)) << text;
}

}  // namespace
}  // namespace mailslot::store
