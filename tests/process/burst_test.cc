// Messages put to another machine in quick succession are held for a moment. None of them stays
// behind, whether the writing process goes on, forks or ends.
#include <gtest/gtest.h>

#include <cstdlib>
#include <memory>
#include <set>
#include <string>
#include <thread>
#include <vector>

#include "mailslot/mailslot.h"
#include "support/child.h"
#include "support/machine.h"
#include "support/shared.h"
#include "support/size.h"

namespace mailslot::testing_process {
namespace {

using namespace std::chrono_literals;

constexpr auto kPatience = 30s;
constexpr std::uint32_t kBurst = 20;

struct Board {
    Tally ready, got, held, go, never;
};

class Burst : public testing::Test {
protected:
    Burst() { there_.knows(here_); }

    // A process that reads until told to end, and checks that each message comes once, with
    // none missing.
    Child reader() {
        Child child = Child::run([this] {
            here_.enter();
            Reader reader = Reader::create("IN").value();
            ASSERT_FALSE(reader.network_error());
            board_->ready.add();
            std::set<std::pair<std::uint64_t, std::uint64_t>> seen;
            for (;;) {
                const Message message = reader.get(kPatience).value();
                EXPECT_EQ(message.lost_before(), 0u);
                EXPECT_TRUE(seen.insert({message.origin(), message.sequence()}).second);
                if (message.text() == "that is all") break;
                board_->got.add();
            }
        });
        EXPECT_TRUE(board_->ready.await());
        return child;
    }
    // A process that writes to the reader from another machine.
    Child writer(const std::function<void(Writer&)>& body) {
        return Child::run([this, body] {
            there_.enter();
            // Left to the process's end, unless the test does otherwise.
            static Writer* writer = nullptr;
            writer = new Writer(Writer::open(here_.address_of("IN")).value());
            body(*writer);
        });
    }
    void end_reader(Child& reading) {
        Child last = Child::run([this] {
            there_.enter();
            ASSERT_TRUE(Writer::open(here_.address_of("IN")).value().put("that is all"));
        });
        EXPECT_EQ(last.wait(), 0);
        EXPECT_EQ(reading.wait(), 0);
    }
    static void put_burst(Writer& writer, std::uint32_t count = kBurst) {
        for (std::uint32_t i = 0; i < count; ++i) ASSERT_TRUE(writer.put("of a burst"));
    }

    const Machine here_{"here"};
    const Machine there_ = Machine::neighbour_of(here_, "there");
    Shared<Board> board_;
};

TEST_F(Burst, leaves_soon_though_nothing_is_put_behind_it) {
    Child reading = reader();
    Child writing = writer([this](Writer& writer) {
        put_burst(writer);
        board_->never.await();
    });
    EXPECT_TRUE(board_->got.await(kBurst));
    board_->never.add();
    EXPECT_EQ(writing.wait(), 0);
    end_reader(reading);
    EXPECT_EQ(board_->got.count(), kBurst);
}

TEST_F(Burst, leaves_before_a_close_and_before_a_flush_end) {
    Child reading = reader();
    Child closing = writer([](Writer& writer) {
        put_burst(writer);
        writer.close();
    });
    EXPECT_EQ(closing.wait(), 0);  // by _exit()
    Child flushing = writer([](Writer& writer) {
        put_burst(writer);
        EXPECT_TRUE(writer.flush());
    });
    EXPECT_EQ(flushing.wait(), 0);
    EXPECT_TRUE(board_->got.await(2 * kBurst));
    end_reader(reading);
    EXPECT_EQ(board_->got.count(), 2 * kBurst);
}

TEST_F(Burst, leaves_before_exit_ends_where_the_writer_is_never_closed) {
    Child reading = reader();
    for (std::uint32_t i = 1; i <= 5; ++i) {
        Child writing = writer([](Writer& writer) {
            put_burst(writer);
            std::exit(0);
        });
        EXPECT_EQ(writing.wait(), 0);
        EXPECT_TRUE(board_->got.await(i * kBurst));
    }
    end_reader(reading);
}

Writer* used_by_a_handler = nullptr;

TEST_F(Burst, leaves_though_it_is_put_by_the_last_handler_of_exit) {
    Child reading = reader();
    Child writing = Child::run([this] {
        there_.enter();
        // Registered before the library's handler, so it runs after that.
        std::atexit([] { put_burst(*used_by_a_handler); });
        used_by_a_handler = new Writer(Writer::open(here_.address_of("IN")).value());
        put_burst(*used_by_a_handler);
        std::exit(0);
    });
    EXPECT_EQ(writing.wait(), 0);
    EXPECT_TRUE(board_->got.await(2 * kBurst));
    end_reader(reading);
}

TEST_F(Burst, of_a_parent_leaves_once_though_its_children_write_and_end_meanwhile) {
    Child reading = reader();
    constexpr std::uint32_t kForks = kIsSanitized ? 5 : 40;
    Child writing = writer([](Writer& writer) {
        for (std::uint32_t i = 0; i < kForks; ++i) {
            put_burst(writer);
            Child silent = Child::run([] { std::exit(0); });
            Child closing = Child::run([&] { writer.close(); });
            Child speaking = Child::run([&] {
                put_burst(writer);
                std::exit(0);
            });
            EXPECT_EQ(silent.wait(), 0);
            EXPECT_EQ(closing.wait(), 0);
            EXPECT_EQ(speaking.wait(), 0);
        }
        writer.close();
    });
    EXPECT_EQ(writing.wait(), 0);
    EXPECT_TRUE(board_->got.await(2 * kForks * kBurst));
    end_reader(reading);
    EXPECT_EQ(board_->got.count(), 2 * kForks * kBurst);
}

TEST_F(Burst, of_several_threads_and_writers_arrives_whole) {
    Child reading = reader();
    constexpr std::uint32_t kThreads = 4, kBursts = kIsSanitized ? 50 : 500;
    Child writing = writer([this](Writer& shared) {
        std::vector<std::thread> threads;
        for (std::uint32_t t = 0; t < kThreads; ++t) {
            threads.emplace_back([&] {
                Writer own = Writer::open(here_.address_of("IN")).value();
                for (std::uint32_t i = 0; i < kBursts; ++i) {
                    ASSERT_TRUE(own.put("own"));
                    ASSERT_TRUE(shared.put("shared"));
                    // From time to time all writers pause, so that the flusher sends held messages.
                    if (i % 50 == 49) board_->never.await_a_moment(1);
                }
            });
        }
        for (std::thread& thread : threads) thread.join();
        std::exit(0);
    });
    EXPECT_EQ(writing.wait(), 0);
    EXPECT_TRUE(board_->got.await(2 * kThreads * kBursts));
    end_reader(reading);
    EXPECT_EQ(board_->got.count(), 2 * kThreads * kBursts);
}

TEST_F(Burst, of_a_killed_process_arrives_up_to_some_message_and_harms_nobody) {
    Child reading = reader();
    for (int i = 0; i < (kIsSanitized ? 3 : 20); ++i) {
        const std::uint32_t before = board_->got.count();
        Child writing = writer([this](Writer& writer) {
            for (;;) {
                put_burst(writer);
                board_->never.await_a_moment(1);
            }
        });
        EXPECT_TRUE(board_->got.await(before + 3 * kBurst));
        EXPECT_EQ(writing.kill_and_wait(), kKilled);
    }
    end_reader(reading);  // the reader saw no gap
}

}  // namespace
}  // namespace mailslot::testing_process
