// Owners of a name, and how writers follow a name from process to process.
#include <gtest/gtest.h>

#include "mailslot/mailslot.h"
#include "support/child.h"
#include "support/machine.h"
#include "support/shared.h"

namespace mailslot::testing_process {
namespace {

using namespace std::chrono_literals;

constexpr auto kPatience = 30s;

struct Board {
    Tally ready, go, got;
};

// A process that reads `count` messages, then closes when told to, and lives on until it is killed.
Child reader_of(Board& board, std::string_view name, int count) {
    Child child = Child::run([&board, name, count] {
        Reader reader = Reader::create(name).value();
        board.ready.add();
        for (int i = 0; i < count; ++i) {
            ASSERT_TRUE(reader.get(kPatience));
            board.got.add();
        }
        ASSERT_TRUE(board.go.await());
        reader.close();
        board.ready.add();
        board.got.await(~0u);
    });
    EXPECT_TRUE(board.ready.await());
    return child;
}

Errc code_of_create(std::string_view name) {
    const auto reader = Reader::create(name);
    return reader ? Errc{} : reader.error().code;
}

TEST(Names, a_second_reader_of_a_name_is_refused_in_every_spelling) {
    Machine::own();
    Shared<Board> board;
    const Child first = reader_of(*board, "Prüfung/Eins", 0);
    EXPECT_EQ(code_of_create("Prüfung/Eins"), Errc::slot_exists);
    EXPECT_EQ(code_of_create("PRÜFUNG\\eins"), Errc::slot_exists);
    EXPECT_EQ(code_of_create(R"(\\.\mailslot\prüfung\eins)"), Errc::slot_exists);
    EXPECT_EQ(code_of_create("Prüfung/Zwei"), Errc{});
}

TEST(Names, a_name_is_free_at_once_after_close_though_the_process_lives_on) {
    Machine::own();
    Shared<Board> board;
    const Child first = reader_of(*board, "NAME", 0);
    EXPECT_EQ(code_of_create("NAME"), Errc::slot_exists);
    board->go.add();
    ASSERT_TRUE(board->ready.await(2));
    EXPECT_EQ(code_of_create("NAME"), Errc{});
}

TEST(Names, a_name_is_free_at_once_after_kill) {
    Machine::own();
    Shared<Board> board;
    for (std::uint32_t i = 0; i < 20; ++i) {
        Shared<Board> one;
        Child reader = reader_of(*one, "NAME", 0);
        ASSERT_EQ(reader.kill_and_wait(), kKilled);
        ASSERT_EQ(code_of_create("NAME"), Errc{}) << i;
    }
}

TEST(Names, a_writer_follows_the_name_to_the_next_reader_without_an_error) {
    Machine::own();
    Shared<Board> one, two;
    Child first = reader_of(*one, "NAME", 1);
    Writer writer = Writer::open("NAME").value();
    ASSERT_TRUE(writer.put("for the first"));
    ASSERT_TRUE(one->got.await());
    first.kill_and_wait();
    const auto lost = writer.put("for nobody");
    ASSERT_FALSE(lost);
    EXPECT_EQ(lost.error().code, Errc::no_such_slot);
    const Child second = reader_of(*two, "name", 1);
    const auto put = writer.put("for the second");
    EXPECT_TRUE(put) << to_string(put.error());
    EXPECT_TRUE(two->got.await());
}

TEST(Names, a_reader_replaced_between_two_puts_is_not_noticed_by_the_writer) {
    Machine::own();
    Shared<Board> one, two;
    Child first = reader_of(*one, "NAME", 1);
    Writer writer = Writer::open("NAME").value();
    ASSERT_TRUE(writer.put("for the first"));
    ASSERT_TRUE(one->got.await());
    one->go.add();
    ASSERT_TRUE(one->ready.await(2));
    const Child second = reader_of(*two, "NAME", 1);
    const auto put = writer.put("for the second");
    EXPECT_TRUE(put) << to_string(put.error());
    EXPECT_TRUE(two->got.await());
}

TEST(Names, no_reader_is_an_error_for_who_writes_to_this_machine) {
    Machine::own();
    const auto writer = Writer::open("NOBODY");
    ASSERT_FALSE(writer);
    EXPECT_EQ(writer.error().code, Errc::no_such_slot);
}

}  // namespace
}  // namespace mailslot::testing_process
