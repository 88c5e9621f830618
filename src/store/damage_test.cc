// Damaged stores: cut and overwritten at random places. A reader never crashes, never finds a
// message that was not stored, and a place that cannot be read costs no other.
#include <gtest/gtest.h>

#include <cstdlib>
#include <fstream>
#include <iostream>
#include <set>

#include "store/testing/temporary_store.h"

namespace mailslot::store {
namespace {

std::string read_file(const std::string& path) {
    std::ifstream in(path, std::ios::binary);
    return {std::istreambuf_iterator<char>(in), {}};
}

void write_file(const std::string& path, const std::string& bytes) {
    std::ofstream(path, std::ios::binary | std::ios::trunc) << bytes;
}

// A number of damages: more by MAILSLOT_DAMAGES.
int damages() {
    const char* const wanted = std::getenv("MAILSLOT_DAMAGES");
    return wanted != nullptr ? std::atoi(wanted) : 300;
}

class DamageTest : public ::testing::Test {
protected:
    void SetUp() override {
        const FakeClock clock;
        auto writer = StoreWriter::open(folder_.file(), {}, clock).value();
        std::mt19937_64 random(7);
        for (std::uint64_t i = 1; i <= 12000; ++i) {
            OwnedMessage message;
            message.sequence = i;
            message.host = i % 3 == 0 ? "beta" : "alpha";
            message.level = static_cast<std::uint16_t>(10 * (i % 5));
            message.text = "number " + std::to_string(i) + " id " + std::to_string(random());
            texts_.insert(message.text);
            writer.append(message.view());
            if (i % 3000 == 0) writer.commit();
        }
        writer.close();
        good_ = read_file(folder_.file());
    }

    // Reads everything that can be read. Returns the number of messages.
    std::size_t look(std::string_view query, Direction direction) {
        auto reader = StoreReader::open(folder_.file());
        if (!reader) return 0;
        Search search(*reader, parse_query(query, utc_base()).value(), direction);
        std::size_t found = 0;
        while (true) {
            const auto more = search.next_block();
            if (!more || !*more) break;
            for (std::size_t i = 0; i < search.size(); ++i) {
                EXPECT_TRUE(texts_.contains(std::string(search[i].text)));
                ++found;
            }
        }
        unreadable_ += search.counters().unreadable_blocks;
        (void)reader->events();
        return found;
    }
    void look_at_all() {
        most_ = std::max(most_, look("", Direction::oldest_first));
        look("id", Direction::newest_first);
        look("host:beta level:>=20", Direction::newest_first);
    }

    TemporaryFolder folder_;
    std::set<std::string> texts_;
    std::string good_;
    std::size_t most_ = 0;
    std::uint64_t unreadable_ = 0;
};

TEST_F(DamageTest, overwritten_places_cost_only_what_stands_there) {
    std::mt19937_64 random(11);
    for (int i = 0; i < damages(); ++i) {
        std::string bytes = good_;
        for (std::uint64_t places = 1 + random() % 3; places > 0; --places) {
            const std::size_t at = random() % bytes.size();
            const std::size_t size = std::min<std::size_t>(1 + random() % 600, bytes.size() - at);
            for (std::size_t j = 0; j < size; ++j)
                bytes[at + j] = static_cast<char>(i % 2 == 0 ? random() : 0);
        }
        write_file(folder_.file(), bytes);
        look_at_all();
    }
    EXPECT_EQ(most_, texts_.size());  // some damage hits what nobody reads
    EXPECT_GT(unreadable_, 0u);
}

TEST_F(DamageTest, a_file_that_was_cut_off_is_refused_or_read_in_part) {
    std::mt19937_64 random(13);
    for (int i = 0; i < damages() / 3; ++i) {
        write_file(folder_.file(), good_.substr(0, random() % good_.size()));
        look_at_all();
    }
}

TEST_F(DamageTest, a_keeper_never_crashes_on_a_damaged_file) {
    std::mt19937_64 random(17);
    const FakeClock clock;
    for (int i = 0; i < damages() / 3; ++i) {
        std::string bytes = good_;
        for (int j = 0; j < 200; ++j) bytes[random() % bytes.size()] = static_cast<char>(random());
        write_file(folder_.file(), bytes);
        auto writer = StoreWriter::open(folder_.file(), {.max_bytes = 1 << 20}, clock);
        if (!writer) continue;
        OwnedMessage message;
        message.text = *texts_.begin();
        writer->append(message.view());
        writer->commit();
    }
}

TEST_F(DamageTest, a_damaged_chunk_is_counted_and_the_others_are_found) {
    // Text frames are most of the file, so a few bytes of zero in the middle hit one.
    const auto hit = [&](std::size_t at) {
        std::string bytes = good_;
        for (std::size_t i = 0; i < 64; ++i) bytes[at + i] = 0;
        write_file(folder_.file(), bytes);
    };
    hit(good_.size() / 2);
    unreadable_ = 0;
    const std::size_t found = look("", Direction::newest_first);
    EXPECT_EQ(unreadable_, 1u);
    EXPECT_GT(found, 5000u);
    EXPECT_LT(found, 12000u);
}

}  // namespace
}  // namespace mailslot::store
