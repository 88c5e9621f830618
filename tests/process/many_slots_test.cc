// A process with many slots: they work, cost little, and the first resource to run out is named.
#include <gtest/gtest.h>
#include <sys/resource.h>

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <filesystem>
#include <fstream>
#include <string>
#include <vector>

#include "mailslot/mailslot.h"
#include "support/child.h"
#include "support/machine.h"
#include "support/shared.h"
#include "support/size.h"

namespace mailslot::testing_process {
namespace {

using namespace std::chrono_literals;

constexpr std::size_t kSlots = kIsSanitized ? 200 : 1000;
constexpr long kMostKibPerSlot = 100;

struct Board {
    Tally made, put;
};

std::string name_of(std::size_t slot) { return "MANY/" + std::to_string(slot); }

// Raises the limit of this process and its children. Returns false if this user has no right to.
bool allow_descriptors(rlim_t count) {
    rlimit limit{};
    getrlimit(RLIMIT_NOFILE, &limit);
    limit.rlim_cur = count;
    return count <= limit.rlim_max && setrlimit(RLIMIT_NOFILE, &limit) == 0;
}

long resident_kib() {
    std::ifstream rollup("/proc/self/smaps_rollup");
    long kib = 0;
    for (std::string line; std::getline(rollup, line);) {
        if (std::sscanf(line.c_str(), "Rss: %ld kB", &kib) == 1) break;
    }
    return kib;
}

// Returns how often the threads of this process went to sleep, and so how often they were awake.
long wakes_of_all_threads() {
    long wakes = 0;
    for (const auto& task : std::filesystem::directory_iterator("/proc/self/task")) {
        std::ifstream status(task.path() / "status");
        for (std::string line; std::getline(status, line);) {
            long count = 0;
            if (std::sscanf(line.c_str(), "voluntary_ctxt_switches: %ld", &count) == 1)
                wakes += count;
        }
    }
    return wakes;
}

TEST(ManySlots, of_one_process_each_get_their_messages_and_cost_little) {
    Machine::own();
    // A slot has two descriptors, its reader's and the post office's, and one for each of
    // its writers.
    if (!allow_descriptors(4 * kSlots + 200)) GTEST_SKIP() << "not enough descriptors";
    Shared<Board> board;
    Child writing = Child::run([&] {
        ASSERT_TRUE(board->made.await());
        std::vector<Writer> writers;
        for (std::size_t i = 0; i < kSlots; ++i) {
            writers.push_back(Writer::open(name_of(i)).value());
            ASSERT_TRUE(writers.back().put(name_of(i)));
        }
        board->put.add();
        for (std::size_t i = 0; i < kSlots; ++i) ASSERT_TRUE(writers[i].put("again"));
    });
    const Reader first = Reader::create("FIRST").value();  // makes the parts that all slots share
    const long before = resident_kib();
    std::vector<Reader> readers;
    for (std::size_t i = 0; i < kSlots; ++i) readers.push_back(Reader::create(name_of(i)).value());
    const long empty = resident_kib();

    board->made.add();
    ASSERT_TRUE(board->put.await());
    for (std::size_t i = 0; i < kSlots; ++i) EXPECT_EQ(readers[i].get(10s)->text(), name_of(i));
    for (Reader& reader : readers) EXPECT_EQ(reader.get(10s)->text(), "again");
    EXPECT_EQ(writing.wait(), 0);
    if (kIsSanitized) return;
    EXPECT_LT((empty - before) / static_cast<long>(kSlots), kMostKibPerSlot);
    EXPECT_LT((resident_kib() - before) / static_cast<long>(kSlots), kMostKibPerSlot);
}

TEST(ManySlots, let_the_process_sleep_when_nothing_comes) {
    if (kIsSanitized) GTEST_SKIP() << "a sanitizer has a thread of its own";
    Machine::own();
    constexpr std::size_t kIdle = 100;
    std::vector<Reader> readers;
    for (std::size_t i = 0; i < kIdle; ++i) readers.push_back(Reader::create(name_of(i)).value());
    EXPECT_FALSE(readers[0].get(200ms));  // also does all one-time work
    const long before = wakes_of_all_threads();
    EXPECT_FALSE(readers[0].get(1000ms));
    // The thread in get sleeps twice: until it gives memory back, and then to the end.
    EXPECT_LE(wakes_of_all_threads() - before, 4);
}

TEST(ManySlots, say_clearly_that_descriptors_have_run_out_and_those_that_are_there_work_on) {
    Machine::own();
    ASSERT_TRUE(allow_descriptors(200));
    std::vector<Reader> readers;
    Result<Reader> refused = Reader::create(name_of(0));
    while (refused) {
        readers.push_back(std::move(*refused));
        ASSERT_LT(readers.size(), 200u);
        refused = Reader::create(name_of(readers.size()));
    }
    EXPECT_EQ(refused.error().code, Errc::no_resources);
    EXPECT_NE(to_string(refused.error()).find("Too many open files"), std::string::npos)
        << to_string(refused.error());
    ASSERT_GE(readers.size(), 50u);

    for (int i = 0; i < 10; ++i) readers.pop_back();  // a writer here needs some as well
    ASSERT_TRUE(Writer::open(name_of(7))->put("still here"));
    EXPECT_EQ(readers[7].get(10s)->text(), "still here");
    EXPECT_TRUE(Reader::create("AGAIN"));
}

}  // namespace
}  // namespace mailslot::testing_process
