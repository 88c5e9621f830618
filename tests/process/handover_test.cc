// The post office is handed over, and one of the two processes dies at a named step. A third
// process still hears, and knows exactly how many messages it missed.
#include <gtest/gtest.h>

#include <array>
#include <charconv>
#include <chrono>
#include <ostream>
#include <string>

#include "mailslot/mailslot.h"
#include "support/child.h"
#include "support/crash.h"
#include "support/machine.h"
#include "support/shared.h"

namespace mailslot::testing_process {
namespace {

using namespace std::chrono_literals;
using std::chrono::steady_clock;

constexpr auto kTakenOver = 2s;  // takes milliseconds, plus a wait of up to 500 ms for a step
constexpr auto kPatience = 30s;

enum Who : std::uint32_t { kOffice, kHeir, kThird, kReaders };

struct Board {
    std::array<Tally, kReaders> ready, got;
    Tally end_office, never;
    std::atomic<bool> stop{false};
};

struct Step {
    Who dies;
    const char* at;
};

void PrintTo(const Step& step, std::ostream* out) { *out << step.at; }

std::string name_of(std::uint32_t i) { return "SLOT" + std::to_string(i); }

std::uint64_t number_in(std::string_view text) {
    std::uint64_t number = 0;
    std::from_chars(text.data(), text.data() + text.size(), number);
    return number;
}

class Handover : public testing::TestWithParam<Step> {
protected:
    // A process that reads. `kOffice` reads until told to end, and then hands the office over.
    Child reader(Who i) {
        Child child = Child::run([this, i] {
            here_.enter();
            if (i == GetParam().dies) kill_at(GetParam().at);
            Reader reader = Reader::create(name_of(i)).value();
            board_->ready[i].add();
            std::uint64_t last = 0, missing = 0, told = 0;
            while (!(i == kOffice && board_->end_office.count() > 0)) {
                const auto message = reader.get(i == kOffice ? Timeout(10) : Timeout(kPatience));
                if (!message) continue;
                const std::uint64_t number = number_in(message->text());
                if (last != 0) missing += number - last - 1;
                told += message->lost_before();
                ASSERT_GT(number, last);
                ASSERT_EQ(missing, told);
                last = number;
                board_->got[i].add();
            }
        });
        EXPECT_TRUE(board_->ready[i].await());
        return child;
    }

    void write_on() {
        there_.enter();
        std::vector<Writer> writers;
        for (std::uint32_t i = 0; i < kReaders; ++i) {
            writers.push_back(Writer::open(here_.address_of(name_of(i))).value());
        }
        for (std::uint64_t number = 1; !board_->stop; ++number) {
            for (Writer& writer : writers) ASSERT_TRUE(writer.put(std::to_string(number)));
            board_->never.await_a_moment(1);
        }
    }

    const Machine here_{"here"};
    const Machine there_ = Machine::neighbour_of(here_, "there");
    Shared<Board> board_;
};

TEST_P(Handover, goes_on_when_one_dies) {
    there_.knows(here_);
    Child office = reader(kOffice), heir = reader(kHeir), third = reader(kThird);
    Child writing = Child::run([this] { write_on(); });
    for (Tally& got : board_->got) ASSERT_TRUE(got.await(10));

    board_->end_office.add();
    EXPECT_EQ(office.wait(), GetParam().dies == kOffice ? kKilled : 0);
    const auto ended = steady_clock::now();
    if (GetParam().dies == kHeir) {
        EXPECT_EQ(heir.wait(), kKilled);
    } else {
        EXPECT_TRUE(board_->got[kHeir].await(board_->got[kHeir].count() + 10));
    }
    EXPECT_TRUE(board_->got[kThird].await(board_->got[kThird].count() + 10));
    EXPECT_LT(steady_clock::now() - ended, kTakenOver);
    board_->stop = true;
    EXPECT_EQ(writing.wait(), 0);
}

INSTANTIATE_TEST_SUITE_P(
    at, Handover,
    testing::Values(Step{kOffice, "office_offered"}, Step{kOffice, "estate_begun"},
                    Step{kOffice, "estate_sent"}, Step{kOffice, "estate_handed"},
                    Step{kHeir, "office_claimed"}, Step{kHeir, "estate_coming"},
                    Step{kHeir, "estate_received"}, Step{kHeir, "office_opened"}),
    [](const auto& step) { return std::string(step.param.at); });

}  // namespace
}  // namespace mailslot::testing_process
