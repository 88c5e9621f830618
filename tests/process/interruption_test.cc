// Signals during the library's waits: no signal is lost, nothing is held while the caller handles
// it, and the caller can go on.
#include <gtest/gtest.h>
#include <poll.h>
#include <unistd.h>

#include <atomic>
#include <chrono>
#include <csignal>
#include <functional>
#include <random>
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
using std::chrono::steady_clock;

// A signal that is noticed at the next sleep is late by at most 100 ms, plus the load of a
// busy machine.
constexpr auto kSoon = 5s;

std::atomic<bool> has_come{false};
std::atomic<int> asked{0};

bool question() {
    asked += 1;
    return has_come;
}

class Interruption : public testing::Test {
protected:
    void SetUp() override {
        Machine::own();
        has_come = false;
        asked = 0;
        struct sigaction action {};
        action.sa_handler = [](int) { has_come = true; };  // and no SA_RESTART
        ASSERT_EQ(sigaction(SIGUSR1, &action, nullptr), 0);
    }

    // Waits until the thread waits, or is about to.
    static void await_question() {
        while (asked == 0) std::this_thread::yield();
    }
};

// A thread that ends with an error, and the time of its end.
class Waiting {
public:
    explicit Waiting(std::function<Result<void>()> wait)
        : thread_([this, wait = std::move(wait)] {
              // The thread sanitizer of g++ 12 loses a signal that comes in a thread's first
              // blocking call.
              (void)poll(nullptr, 0, 0);
              const auto waited = wait();
              code_ = waited ? Errc{} : waited.error().code;
              ended_ = steady_clock::now();
          }) {}
    ~Waiting() {
        if (thread_.joinable()) thread_.join();
    }
    void signal() { pthread_kill(thread_.native_handle(), SIGUSR1); }
    void expect_end(Errc code, steady_clock::time_point since) {
        thread_.join();
        EXPECT_EQ(code_, code);
        EXPECT_LT(ended_ - since, kSoon);
    }

private:
    Errc code_{};
    steady_clock::time_point ended_{};
    std::thread thread_;
};

// Tries the moments around the one at which a reader that got a message goes to sleep again.
TEST_F(Interruption, of_a_get_is_noticed_whenever_it_comes) {
    Reader reader = Reader::create("SIGNALS").value();
    Writer writer = Writer::open("SIGNALS").value();
    constexpr int kTrials = kIsSanitized ? 100 : 400;
    std::minstd_rand random(1);
    std::uniform_int_distribution<int> delay_ns(0, 120'000);
    for (int i = 0; i < kTrials; ++i) {
        has_come = false;
        std::atomic<bool> got{false};
        Message message;
        Waiting waiting([&]() -> Result<void> {
            for (;;) {
                if (auto one = reader.get_into(message, kForever, question); !one) return one;
                got = true;
            }
        });
        ASSERT_TRUE(writer.put("x"));
        while (!got) std::this_thread::yield();
        const auto at = steady_clock::now() + std::chrono::nanoseconds(delay_ns(random));
        while (steady_clock::now() < at) {
        }
        waiting.signal();
        waiting.expect_end(Errc::interrupted, at);
    }
}

TEST_F(Interruption, of_a_get_is_noticed_when_another_thread_takes_the_signal) {
    Reader reader = Reader::create("SIGNALS").value();
    Message message;
    Waiting waiting([&] { return reader.get_into(message, kForever, question); });
    await_question();
    const auto at = steady_clock::now();
    raise(SIGUSR1);  // in this thread
    waiting.expect_end(Errc::interrupted, at);
}

TEST_F(Interruption, of_a_put_is_noticed_when_another_thread_takes_the_signal) {
    const Reader reader = Reader::create("SIGNALS", {.max_messages = 1}).value();
    Writer writer = Writer::open("SIGNALS").value();
    ASSERT_TRUE(writer.put("fills it"));
    Waiting waiting(
        [&] { return writer.put("x", {.wait_when_full = kForever, .interrupted = question}); });
    await_question();
    const auto at = steady_clock::now();
    raise(SIGUSR1);
    waiting.expect_end(Errc::interrupted, at);
    EXPECT_EQ(reader.info().lost.total(), 0u);  // the caller knows of it
}

TEST_F(Interruption, comes_after_a_message_that_is_there) {
    Reader reader = Reader::create("SIGNALS").value();
    ASSERT_TRUE(Writer::open("SIGNALS")->put("first"));
    has_come = true;
    Message message;
    ASSERT_TRUE(reader.get_into(message, kForever, question));
    EXPECT_EQ(message.text(), "first");
    EXPECT_EQ(reader.get_into(message, kForever, question).error().code, Errc::interrupted);
    EXPECT_EQ(reader.get_into(message, 0ms, question).error().code, Errc::timed_out);
}

// Closing waits until no thread is inside get.
TEST_F(Interruption, leaves_a_reader_that_can_be_closed) {
    Reader reader = Reader::create("SIGNALS").value();
    has_come = true;
    Message message;
    EXPECT_EQ(reader.get_into(message, kForever, question).error().code, Errc::interrupted);
    reader.close();
    EXPECT_TRUE(Reader::create("SIGNALS"));
}

std::vector<std::string> ways_to_here() {
    return {"SIGNALS", Machine::own().address_of("SIGNALS"), "\\\\*\\mailslot\\SIGNALS"};
}

TEST_F(Interruption, a_put_that_waits_for_room_holds_up_nobody) {
    for (const std::string& address : ways_to_here()) {
        SCOPED_TRACE(address);
        asked = 0;
        const Reader reader = Reader::create("SIGNALS", {.max_messages = 1}).value();
        Writer writer = Writer::open(address).value();
        ASSERT_TRUE(writer.put("fills it"));
        Waiting waiting(
            [&] { return writer.put("x", {.wait_when_full = kForever, .interrupted = question}); });
        await_question();
        EXPECT_NE(writer.origin(), 0u);
        const auto other = writer.put("y", {.wait_when_full = 0ms});
        EXPECT_EQ(other ? Errc{} : other.error().code,
                  address == "SIGNALS" ? Errc::slot_full : Errc{});
        const auto at = steady_clock::now();
        writer.close();
        waiting.expect_end(Errc::closed, at);
        EXPECT_EQ(reader.qsize(), 1u);
    }
}

TEST_F(Interruption, of_a_put_lets_the_next_one_go_on) {
    for (const std::string& address : ways_to_here()) {
        SCOPED_TRACE(address);
        Reader reader = Reader::create("SIGNALS", {.max_messages = 1}).value();
        Writer writer = Writer::open(address).value();
        ASSERT_TRUE(writer.put("fills it"));
        Unfinished unfinished;
        PutOptions options{
            .wait_when_full = kForever, .interrupted = question, .unfinished = &unfinished};
        has_come = true;
        EXPECT_EQ(writer.put("second", options).error().code, Errc::interrupted);
        EXPECT_EQ(unfinished.messages, address == "SIGNALS" ? 0u : 1u);
        const std::uint64_t first = reader.get(0ms).value().sequence();
        has_come = false;
        ASSERT_TRUE(writer.put("second", options));
        EXPECT_EQ(unfinished.messages, 0u);
        const Message second = reader.get(0ms).value();
        EXPECT_EQ(second.text(), "second");
        ASSERT_TRUE(writer.put("third"));
        const Message third = reader.get(0ms).value();
        EXPECT_EQ(third.text(), "third");
        EXPECT_EQ(second.sequence(), first + 1);
        EXPECT_EQ(third.sequence(), first + 2);
        EXPECT_EQ(reader.info().lost.total(), 0u);
    }
}

TEST_F(Interruption, of_many_puts_says_how_many_are_done) {
    for (const std::string& address : ways_to_here()) {
        SCOPED_TRACE(address);
        Reader reader = Reader::create("SIGNALS", {.max_messages = 3}).value();
        Writer writer = Writer::open(address).value();
        ASSERT_TRUE(writer.put("0"));  // finds the slot
        const std::vector<std::string_view> messages{"1", "2", "3", "4"};
        Unfinished unfinished;
        PutOptions options{
            .wait_when_full = kForever, .interrupted = question, .unfinished = &unfinished};
        has_come = true;
        ASSERT_EQ(writer.put_many(messages, options).value(), 2u);
        for (const char* text : {"0", "1", "2"}) EXPECT_EQ(reader.get(0ms).value().text(), text);
        has_come = false;
        ASSERT_EQ(writer.put_many(std::span(messages).subspan(2), options).value(), 2u);
        for (const char* text : {"3", "4"}) EXPECT_EQ(reader.get(0ms).value().text(), text);
        EXPECT_EQ(reader.qsize(), 0u);
        EXPECT_EQ(reader.info().lost.total(), 0u);
    }
}

TEST_F(Interruption, of_a_put_elsewhere_that_nobody_goes_on_with_is_counted_here) {
    const std::string address = Machine::own().address_of("SIGNALS");
    const Reader reader = Reader::create("SIGNALS", {.max_messages = 1}).value();
    Writer writer = Writer::open(address).value();
    ASSERT_TRUE(writer.put("fills it"));
    has_come = true;
    EXPECT_EQ(writer.put("x", {.wait_when_full = kForever, .interrupted = question}).error().code,
              Errc::interrupted);
    EXPECT_EQ(reader.info().lost.slot_full, 1u);
}

TEST_F(Interruption, of_a_put_elsewhere_does_not_outlast_its_time) {
    const Reader reader = Reader::create("SIGNALS", {.max_messages = 1}).value();
    Writer writer = Writer::open(Machine::own().address_of("SIGNALS")).value();
    ASSERT_TRUE(writer.put("fills it"));
    ASSERT_TRUE(writer.put("x", {.wait_when_full = 20ms, .interrupted = question}));
    EXPECT_EQ(reader.info().lost.slot_full, 1u);
}

// A stopped process as the reader.
TEST_F(Interruption, of_a_wait_for_a_stopped_reader) {
    struct Board {
        Tally ready, never;
    };
    Shared<Board> board;
    Child reading = Child::run([&] {
        const Reader reader = Reader::create("SIGNALS").value();
        board->ready.add();
        board->never.await();
    });
    ASSERT_TRUE(board->ready.await());
    reading.signal(SIGSTOP);
    reading.await_stopped();
    const WriterOptions patient{.wait_for_others = kForever, .interrupted = question};
    const auto open = [&]() -> Result<void> {
        const auto opened = Writer::open("SIGNALS", patient);
        if (!opened) return opened.error();
        return {};
    };
    const auto look = []() -> Result<void> {
        const auto found = info("SIGNALS", question);
        if (!found) return found.error();
        return {};
    };
    const auto look_at_all = []() -> Result<void> {
        const auto found = list(question);
        if (!found) return found.error();
        return {};
    };
    const auto look_at_senders = []() -> Result<void> {
        const auto found = senders("SIGNALS", question);
        if (!found) return found.error();
        return {};
    };
    for (const auto& wait :
         std::vector<std::function<Result<void>()>>{open, look, look_at_all, look_at_senders}) {
        has_come = false;
        asked = 0;
        Waiting waiting(wait);
        await_question();
        const auto at = steady_clock::now();
        waiting.signal();
        waiting.expect_end(Errc::interrupted, at);
    }
}

// The reader answers, but not the post office, which is another process.
TEST_F(Interruption, of_a_question_to_a_stopped_post_office) {
    struct Board {
        Tally ready, never;
    };
    Shared<Board> board;
    Child office = Child::run([&] {
        const Reader first = Reader::create("FIRST").value();
        board->ready.add();
        board->never.await();
    });
    ASSERT_TRUE(board->ready.await());
    const Reader reader = Reader::create("SIGNALS").value();
    ASSERT_TRUE(senders("SIGNALS"));
    office.signal(SIGSTOP);
    office.await_stopped();
    Waiting waiting([]() -> Result<void> {
        const auto found = senders("SIGNALS", question);
        if (!found) return found.error();
        return {};
    });
    await_question();
    const auto at = steady_clock::now();
    waiting.signal();
    waiting.expect_end(Errc::interrupted, at);
}

}  // namespace
}  // namespace mailslot::testing_process
