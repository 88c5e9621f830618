#include "os/wait_list.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include <chrono>
#include <thread>

#include "os/event.h"

namespace mailslot::os {
namespace {

using namespace std::chrono_literals;

Deadline at_once() { return std::chrono::steady_clock::now(); }

TEST(WaitList, tells_which_places_are_ready) {
    const UniqueFd first = make_event(), second = make_event();
    WaitList list;
    list.add(first.get());
    list.add(kNoHandle);
    list.add(second.get());
    ASSERT_TRUE(list.wait(at_once()));
    EXPECT_FALSE(list.is_ready(0) || list.is_ready(1) || list.is_ready(2));
    set_event(second);
    ASSERT_TRUE(list.wait(std::nullopt));
    EXPECT_FALSE(list.is_ready(0) || list.is_ready(1));
    EXPECT_TRUE(list.is_ready(2));
    EXPECT_FALSE(list.has_gone(2));
}

TEST(WaitList, looks_at_the_first_places_only_if_asked) {
    const UniqueFd first = make_event(), second = make_event();
    WaitList list;
    list.add(first.get());
    list.add(second.get());
    set_event(second);
    ASSERT_TRUE(list.wait(at_once(), 1));
    EXPECT_FALSE(list.is_ready(0) || list.is_ready(1));
}

TEST(WaitList, wakes_when_an_event_is_set_meanwhile) {
    const UniqueFd event = make_event();
    WaitList list;
    list.add(event.get());
    std::thread other([&] { set_event(event); });
    ASSERT_TRUE(list.wait(std::chrono::steady_clock::now() + 30s));
    EXPECT_TRUE(list.is_ready(0));
    other.join();
}

// The event is readable all the time, which is not the end that the list waits for.
TEST(WaitList, waits_for_an_end_and_not_for_data) {
    const UniqueFd event = make_event();
    WaitList list;
    list.add_for_end(event.get());
    set_event(event);
    ASSERT_TRUE(list.wait(at_once()));
    EXPECT_FALSE(list.is_ready(0) || list.has_gone(0));
}

TEST(WaitList, notices_that_the_reader_of_a_pipe_has_gone) {
    int ends[2];
    ASSERT_EQ(pipe(ends), 0);
    UniqueFd reader(ends[0]);
    const UniqueFd writer(ends[1]);
    WaitList list;
    list.add_for_end(writer.get());
    ASSERT_TRUE(list.wait(at_once()));
    EXPECT_FALSE(list.has_gone(0));
    reader.reset();
    ASSERT_TRUE(list.wait(at_once()));
    EXPECT_TRUE(list.is_ready(0) && list.has_gone(0));
}

}  // namespace
}  // namespace mailslot::os
