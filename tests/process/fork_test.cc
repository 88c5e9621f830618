// The ends in a child of fork, and in a program that a child becomes.
#include <fcntl.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <array>
#include <filesystem>
#include <map>
#include <mutex>
#include <set>
#include <thread>
#include <vector>

#include "mailslot/both_ends.h"
#include "mailslot/mailslot.h"
#include "os/biased_mutex.h"
#include "support/child.h"
#include "support/machine.h"
#include "support/shared.h"
#include "support/size.h"

namespace mailslot::testing_process {
namespace {

using namespace std::chrono_literals;

constexpr auto kPatience = 30s;

struct Board {
    // `putting`: threads that have put. A writer hardly allocates after its first message. A child
    // whose parent forks while another thread allocates hangs in AddressSanitizer's allocator.
    Tally ready, go, forked, putting, never;
};

// Returns this process's open files by the kernel's names: "socket", "memfd:mailslot (deleted)".
std::multiset<std::string> open_files() {
    std::multiset<std::string> files;
    for (const auto& entry : std::filesystem::directory_iterator("/proc/self/fd")) {
        std::error_code gone;  // opened by the iterator
        const std::string target = std::filesystem::read_symlink(entry.path(), gone).string();
        if (!gone) files.insert(target.substr(0, target.find(":[")));
    }
    return files;
}

TEST(Fork, the_child_of_a_reader_owns_nothing) {
    Machine::own();
    Shared<Board> board;
    Child parent = Child::run([&] {
        const std::size_t sockets_before = open_files().count("socket");
        Reader reader = Reader::create("FORK").value();
        Child child = Child::run([&] {
            EXPECT_EQ(reader.get(0ms).error().code, Errc::closed);
            EXPECT_EQ(reader.qsize(), 0u);
            EXPECT_EQ(reader.fileno().error().code, Errc::closed);
            reader.close();  // no effect
            EXPECT_EQ(open_files().count("socket"), sockets_before);
        });
        EXPECT_EQ(child.wait(), 0);
        Writer writer = Writer::open("FORK").value();
        EXPECT_TRUE(writer.put("still there"));
        EXPECT_TRUE(reader.get(kPatience));
    });
    EXPECT_EQ(parent.wait(), 0);
}

TEST(Fork, the_name_of_a_dead_parent_is_free_though_its_child_lives_on) {
    Machine::own();
    Shared<Board> board;
    Child parent = Child::run([&] {
        const Reader reader = Reader::create("FORK").value();
        if (fork() == 0) {
            board->forked.add();
            board->go.await();
            _exit(0);
        }
        board->never.await();
    });
    ASSERT_TRUE(board->forked.await());
    Writer writer = Writer::open("FORK").value();
    parent.kill_and_wait();
    EXPECT_EQ(writer.put("for nobody").error().code, Errc::no_such_slot);
    EXPECT_TRUE(Reader::create("FORK"));
    board->go.add();
}

TEST(Fork, a_writer_goes_on_in_the_child_under_another_origin) {
    Machine::own();
    Shared<Board> board;
    Child reading = Child::run([&] {
        Reader reader = Reader::create("FORK").value();
        board->ready.add();
        std::map<std::string, std::pair<std::uint64_t, std::uint64_t>> seen;
        for (int i = 0; i < 3; ++i) {
            const Message message = reader.get(kPatience).value();
            seen[std::string(message.text())] = {message.origin(), message.sequence()};
        }
        EXPECT_EQ(seen["parent 1"].first, seen["parent 2"].first);
        EXPECT_NE(seen["parent 1"].first, seen["child"].first);
        EXPECT_EQ(seen["parent 2"].second, 2u);
        EXPECT_EQ(seen["child"].second, 1u);
    });
    ASSERT_TRUE(board->ready.await());
    Writer writer = Writer::open("FORK").value();
    ASSERT_TRUE(writer.put("parent 1"));
    Child child = Child::run([&] { EXPECT_TRUE(writer.put("child")); });
    EXPECT_EQ(child.wait(), 0);
    EXPECT_TRUE(writer.put("parent 2"));
    EXPECT_EQ(reading.wait(), 0);
}

TEST(Fork, while_other_threads_put_holds_up_neither_parent_nor_child) {
    Machine::own();
    Shared<Board> board;
    constexpr std::uint32_t kForks = kIsSanitized ? 5 : 40;
    Child reading = Child::run([&] {
        Reader reader = Reader::create("FORK").value();
        board->ready.add();
        Message message;
        while (reader.get_into(message, kPatience) && message.text() != "end") {
            if (message.text() == "child") board->forked.add();
        }
        EXPECT_EQ(message.text(), "end");
    });
    Child writing = Child::run([&] {
        ASSERT_TRUE(board->ready.await());
        Writer writer = Writer::open("FORK", {.wait_when_full = kPatience}).value();
        std::atomic<bool> stop{false};
        std::vector<std::thread> threads;
        for (int i = 0; i < 3; ++i) {
            threads.emplace_back([&] {
                ASSERT_TRUE(writer.put("parent"));
                board->putting.add();
                while (!stop) ASSERT_TRUE(writer.put("parent"));
            });
        }
        EXPECT_TRUE(board->putting.await(3));
        for (std::uint32_t i = 0; i < kForks; ++i) {
            const pid_t pid = fork();
            if (pid == 0) _exit(writer.put("child") ? 0 : 1);
        }
        EXPECT_TRUE(board->forked.await(kForks));
        stop = true;
        for (std::thread& thread : threads) thread.join();
        EXPECT_TRUE(writer.put("end"));
    });
    EXPECT_EQ(writing.wait(), 0);
    EXPECT_EQ(reading.wait(), 0);
}

TEST(Fork, of_a_mailslot_that_another_thread_writes_to_does_not_hold_up_the_child) {
    Machine::own();
    Shared<Board> board;
    constexpr std::uint32_t kForks = kIsSanitized ? 10 : 50;
    Child reading = Child::run([&] {
        Reader reader = Reader::create("FORK", {.when_full = WhenFull::drop_oldest}).value();
        board->ready.add();
        board->go.await();
    });
    Child writing = Child::run([&] {
        ASSERT_TRUE(board->ready.await());
        Mailslot slot = Mailslot::create("FORK").value();
        std::atomic<bool> stop{false};
        std::thread thread([&] {
            ASSERT_TRUE(slot.put("parent"));
            board->putting.add();
            while (!stop) ASSERT_TRUE(slot.put("parent"));
        });
        EXPECT_TRUE(board->putting.await());
        for (std::uint32_t i = 0; i < kForks; ++i) {
            Child child = Child::run([&] { EXPECT_TRUE(slot.put("child")); });
            EXPECT_EQ(child.wait(), 0);
        }
        stop = true;
        thread.join();
    });
    EXPECT_EQ(writing.wait(), 0);
    board->go.add();
    EXPECT_EQ(reading.wait(), 0);
}

TEST(Fork, a_lock_of_the_child_keeps_out_others_though_the_parent_owned_the_mutex) {
    os::BiasedMutex mutex;
    { const std::lock_guard lock(mutex); }  // makes this thread the owner
    ASSERT_TRUE(mutex.is_owned_by_this_thread());
    Child child = Child::run([&mutex] {
        const std::lock_guard lock(mutex);
        std::thread([&] { EXPECT_FALSE(mutex.try_lock()); }).join();
    });
    EXPECT_EQ(child.wait(), 0);
}

TEST(Fork, a_program_started_from_a_reader_and_writer_inherits_no_descriptor) {
    Machine::own();
    // Returns the numbers of open descriptors in another program.
    const auto open_in_another_program = [] {
        std::array<int, 2> ends{};
        EXPECT_EQ(pipe2(ends.data(), O_CLOEXEC), 0);
        Child program = Child::run([&ends] {
            dup2(ends[1], STDOUT_FILENO);
            execl("/bin/ls", "ls", "/proc/self/fd", nullptr);
        });
        close(ends[1]);
        std::string text(4096, '\0');
        std::size_t size = 0;
        for (ssize_t got; (got = read(ends[0], text.data() + size, text.size() - size)) > 0;) {
            size += static_cast<std::size_t>(got);
        }
        close(ends[0]);
        EXPECT_EQ(program.wait(), 0);
        return text.substr(0, size);
    };
    const std::string before = open_in_another_program();
    Reader reader = Reader::create("FORK").value();
    ASSERT_TRUE(reader.fileno());
    Writer writer = Writer::open("FORK").value();
    ASSERT_TRUE(writer.put("x"));
    EXPECT_EQ(open_in_another_program(), before);
}

}  // namespace
}  // namespace mailslot::testing_process
