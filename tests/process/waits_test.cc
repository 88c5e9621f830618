// Waits: never early, hardly late, and without using the processor.
#include <gtest/gtest.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <poll.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <chrono>
#include <csignal>
#include <cstddef>
#include <functional>
#include <iterator>
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
using std::chrono::steady_clock;

constexpr Timeout kTimeout{40};
constexpr auto kLatest = kTimeout + 10ms;
constexpr int kTries = 9;

struct Board {
    Tally ready, go;
};

template <class Wait>
steady_clock::duration time_of(const Wait& wait) {
    const auto before = steady_clock::now();
    wait();
    return steady_clock::now() - before;
}

// Expects times that are never early, and mostly in time, since the machine may be busy.
template <class Measure>
void expect_punctual_times(const Measure& measure) {
    int punctual = 0;
    for (int i = 0; i < kTries; ++i) {
        const auto took = measure();
        EXPECT_GE(took, kTimeout);
        if (took <= kLatest) ++punctual;
    }
    EXPECT_GT(punctual, kTries / 2);
}

template <class Wait>
void expect_punctual(const Wait& wait) {
    expect_punctual_times([&] { return time_of(wait); });
}

TEST(Waits, get_times_out_punctually) {
    Machine::own();
    Reader reader = Reader::create("WAITS").value();
    expect_punctual([&] {
        const auto got = reader.get(kTimeout);
        ASSERT_FALSE(got);
        EXPECT_EQ(got.error().code, Errc::timed_out);
    });
}

TEST(Waits, put_into_a_full_slot_times_out_punctually) {
    Machine::own();
    const Reader reader = Reader::create("WAITS", {.max_messages = 1}).value();
    Writer writer = Writer::open("WAITS", {.wait_when_full = kTimeout}).value();
    ASSERT_TRUE(writer.put("fills it"));
    expect_punctual([&] {
        const auto put = writer.put("too much");
        ASSERT_FALSE(put);
        EXPECT_EQ(put.error().code, Errc::timed_out);
    });
}

// Counts wake-ups, which other load does not change. The processor time is checked only to catch a
// busy loop.
TEST(Waits, an_idle_reader_uses_no_processor) {
    Machine::own();
    Reader reader = Reader::create("WAITS").value();
    struct Use {
        std::chrono::microseconds time;
        long wakes;
    };
    const auto used = [] {
        rusage usage{};
        getrusage(RUSAGE_SELF, &usage);
        return Use{std::chrono::seconds(usage.ru_utime.tv_sec + usage.ru_stime.tv_sec) +
                       std::chrono::microseconds(usage.ru_utime.tv_usec + usage.ru_stime.tv_usec),
                   usage.ru_nvcsw};
    };
    EXPECT_FALSE(reader.get(10ms));  // also does all one-time work
    Use before = used(), after = before;
    const auto most = kIsSanitized ? 30ms : 1ms;
    // On a loaded machine a wake-up costs more. An idle reader that exceeds the limit every time is
    // not idle.
    for (int attempt = 0; attempt < 5; ++attempt) {
        before = used();
        EXPECT_FALSE(reader.get(300ms));
        after = used();
        if (after.time - before.time <= most) break;
    }
    EXPECT_LE(after.time - before.time, most);
    // The reader sleeps twice: until it gives memory back, and then to the end. A sanitizer has a
    // thread of its own.
    if (!kIsSanitized) {
        EXPECT_LE(after.wakes - before.wakes, 4);
    }
}

TEST(Waits, close_wakes_all_threads_that_wait) {
    Machine::own();
    Reader reader = Reader::create("WAITS").value();
    Shared<Board> board;
    std::vector<std::thread> threads;
    for (int i = 0; i < 4; ++i) {
        threads.emplace_back([&] {
            board->ready.add();
            const auto got = reader.get();
            ASSERT_FALSE(got);
            EXPECT_EQ(got.error().code, Errc::closed);
        });
    }
    EXPECT_TRUE(board->ready.await(4));
    reader.close();
    for (std::thread& thread : threads) thread.join();
}

TEST(Waits, fileno_is_readable_exactly_while_a_message_waits) {
    Machine::own();
    Shared<Board> board;
    Child writing = Child::run([&] {
        ASSERT_TRUE(board->go.await(1));
        Writer writer = Writer::open("WAITS").value();
        for (std::uint32_t i = 1; i <= 4; ++i) {
            ASSERT_TRUE(board->go.await(i));
            ASSERT_TRUE(writer.put("x"));
            board->ready.add();
        }
    });
    Reader reader = Reader::create("WAITS").value();
    const auto readable_within = [&](int ms) {
        pollfd entry{reader.fileno().value(), POLLIN, 0};
        return poll(&entry, 1, ms) == 1;
    };
    board->go.add();  // the first message comes before any thread polls
    ASSERT_TRUE(board->ready.await(1));
    EXPECT_TRUE(readable_within(0));
    EXPECT_TRUE(reader.get(0ms));
    EXPECT_FALSE(readable_within(0));
    for (int i = 0; i < 3; ++i) {
        board->go.add();
        EXPECT_TRUE(readable_within(10'000));
        EXPECT_TRUE(readable_within(0));
        EXPECT_TRUE(reader.get(0ms));
        EXPECT_FALSE(readable_within(0));
    }
    EXPECT_EQ(writing.wait(), 0);
}

TEST(Waits, threads_that_wait_for_room_do_not_wait_for_each_other) {
    Machine::own();
    const Reader reader = Reader::create("WAITS", {.max_messages = 1}).value();
    Writer writer = Writer::open("WAITS").value();
    ASSERT_TRUE(writer.put("fills it"));
    const auto put = [&] {
        const auto waited = writer.put("too much", {.wait_when_full = kTimeout});
        EXPECT_EQ(waited.error().code, Errc::timed_out);
    };
    // The longest of all. Excludes the start of a thread: the thread sanitizer takes 2 ms each.
    expect_punctual_times([&] {
        std::array<steady_clock::duration, 4> times{};
        std::vector<std::thread> threads;
        for (auto& time : times) threads.emplace_back([&] { time = time_of(put); });
        for (std::thread& thread : threads) thread.join();
        return *std::ranges::max_element(times);
    });
}

TEST(Waits, a_put_that_waited_and_went_through_was_never_refused) {
    Machine::own();
    Reader reader = Reader::create("WAITS", {.max_messages = 2}).value();
    Writer writer = Writer::open("WAITS").value();
    constexpr std::uint64_t kPuts = 1000;
    std::thread reading([&] {
        for (std::uint64_t i = 0; i < kPuts; ++i) ASSERT_TRUE(reader.get(60s));
    });
    const std::vector<std::string_view> messages(kPuts, "x");
    EXPECT_EQ(writer.put_many(messages, {.wait_when_full = 60s}).value(), kPuts);
    reading.join();
    EXPECT_EQ(reader.info().lost.total(), 0u);
    // A put without wait returned the error.
    ASSERT_EQ(writer.put_many({messages.data(), 5}).value(), 2u);
    EXPECT_EQ(reader.info().lost.total(), 0u);
    EXPECT_EQ(writer.put("x", {.wait_when_full = 1ms}).error().code, Errc::timed_out);
    EXPECT_EQ(reader.info().lost.slot_full, 1u);
}

// --- Signals

std::atomic<int> asked{0};
std::atomic<bool> enough{false};
bool ask() {
    ++asked;
    return enough;
}

// Signals a waiting thread until `done`, because nobody can know whether the thread sleeps already.
void signal_until(std::thread& thread, const std::function<bool()>& done) {
    while (!done()) {
        pthread_kill(thread.native_handle(), SIGUSR1);
        std::this_thread::yield();
    }
}

class InterruptedWaits : public testing::Test {
protected:
    void SetUp() override {
        Machine::own();
        asked = 0;
        enough = false;
        struct sigaction action {};
        action.sa_handler = [](int) {};  // and no SA_RESTART
        ASSERT_EQ(sigaction(SIGUSR1, &action, nullptr), 0);
    }

    // Waits in a thread, which gets false from its question twice, and then true.
    void expect_interruption(const std::function<Result<void>()>& wait) {
        std::atomic<bool> ended{false};
        std::thread waiting([&] {
            const auto waited = wait();
            EXPECT_EQ(waited ? Errc{} : waited.error().code, Errc::interrupted);
            ended = true;
        });
        signal_until(waiting, [] { return asked >= 2; });
        EXPECT_FALSE(ended);
        enough = true;
        signal_until(waiting, [&] { return ended.load(); });
        waiting.join();
    }
};

TEST_F(InterruptedWaits, of_a_get_end_when_the_caller_wants) {
    Reader reader = Reader::create("WAITS").value();
    Message message;
    expect_interruption([&] { return reader.get_into(message, kForever, ask); });
}

TEST_F(InterruptedWaits, of_a_get_in_line_behind_another_end_as_well) {
    Reader reader = Reader::create("WAITS").value();
    std::thread first([&] { EXPECT_TRUE(reader.get()); });
    Message message;
    expect_interruption([&] { return reader.get_into(message, kForever, ask); });
    ASSERT_TRUE(Writer::open("WAITS")->put("for the first"));
    first.join();
}

TEST_F(InterruptedWaits, of_a_put_end_when_the_caller_wants) {
    const Reader reader = Reader::create("WAITS", {.max_messages = 1}).value();
    Writer writer = Writer::open("WAITS").value();
    ASSERT_TRUE(writer.put("fills it"));
    expect_interruption(
        [&] { return writer.put("x", {.wait_when_full = kForever, .interrupted = ask}); });
}

// --- System calls

// From here on any system call but exit and the clock's kills this process. On some machines
// reading the time is a system call.
void give_up_system_calls() {
    constexpr std::uint32_t kNumber = offsetof(seccomp_data, nr);
    sock_filter filter[] = {
        BPF_STMT(BPF_LD | BPF_W | BPF_ABS, kNumber),
        BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_clock_gettime, 2, 0),
        BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_exit, 1, 0),
        BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_KILL_PROCESS),
        BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
    };
    const sock_fprog program{std::size(filter), filter};
    ASSERT_EQ(prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0), 0);
    ASSERT_EQ(prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program), 0);
}

TEST(Waits, a_put_makes_no_system_call_while_the_reader_is_awake) {
    if (kIsSanitized) GTEST_SKIP() << "sanitizers make system calls of their own";
    Machine::own();
    Shared<Board> board;
    constexpr int kPuts = 1000;
    Child writing = Child::run([&] {
        ASSERT_TRUE(board->go.await());
        Writer writer = Writer::open("WAITS").value();
        ASSERT_TRUE(writer.put("the first takes memory"));
        give_up_system_calls();
        int put = 1;
        while (put < kPuts && writer.put("x")) ++put;
        syscall(SYS_exit, put == kPuts ? 0 : 1);
    });
    Reader reader = Reader::create("WAITS").value();
    board->go.add();
    EXPECT_EQ(writing.wait(), 0);
    EXPECT_EQ(reader.qsize(), static_cast<std::uint64_t>(kPuts));
}

}  // namespace
}  // namespace mailslot::testing_process
