#include "carrier/flusher.h"

#include <gtest/gtest.h>

#include <chrono>

namespace mailslot {
namespace {

using Instant = std::chrono::steady_clock::time_point;
using std::chrono::microseconds;

class FakeHolder final : public Holder {
public:
    bool try_flush(Instant by) override {
        ++asked_;
        if (is_in_use_) return false;
        if (due_ && *due_ <= by) {
            ++flushed_;
            hold_until({});
        }
        return true;
    }
    void hold_until(std::optional<Instant> at) { set_due(due_ = at); }
    void become_a_child() { start_anew(); }

    bool is_in_use_ = false;
    int asked_ = 0, flushed_ = 0;

private:
    std::optional<Instant> due_;
};

class FlusherTest : public testing::Test {
protected:
    bool hold(const std::shared_ptr<FakeHolder>& holder) {
        holder->hold_until(now_ + kHoldTime);
        return flusher_.watch(holder);
    }
    os::Deadline run_after(microseconds time) {
        now_ += time;
        return flusher_.run_once(now_);
    }

    int threads_ = 0;
    bool there_are_threads_ = true;
    Flusher flusher_{[this](const auto&) {
        ++threads_;
        return there_are_threads_;
    }};
    Instant now_{std::chrono::hours(1)};
    std::shared_ptr<FakeHolder> holder_ = std::make_shared<FakeHolder>();
};

TEST_F(FlusherTest, has_no_thread_until_somebody_holds_something_and_then_one) {
    EXPECT_EQ(threads_, 0);
    const auto other = std::make_shared<FakeHolder>();
    EXPECT_TRUE(hold(holder_));
    EXPECT_TRUE(hold(other));
    EXPECT_TRUE(hold(holder_));
    EXPECT_EQ(threads_, 1);
}

TEST_F(FlusherTest, flushes_when_it_is_due_and_not_before) {
    hold(holder_);
    const Instant due = now_ + kHoldTime;
    EXPECT_EQ(run_after(microseconds(1)), due);
    EXPECT_EQ(holder_->asked_, 0);
    run_after(kHoldTime);
    EXPECT_EQ(holder_->flushed_, 1);
}

TEST_F(FlusherTest, sleeps_without_end_when_nobody_has_held_anything_for_a_while) {
    hold(holder_);
    run_after(kHoldTime);
    int rounds = 0;
    while (run_after(kHoldTime)) ASSERT_LT(++rounds, 10);
    EXPECT_GT(rounds, 1);
    // Listed again.
    EXPECT_TRUE(hold(holder_));
    EXPECT_TRUE(run_after(microseconds(1)));
    run_after(kHoldTime);
    EXPECT_EQ(holder_->flushed_, 2);
}

TEST_F(FlusherTest, comes_in_time_for_who_holds_something_again_before_it_looked) {
    hold(holder_);
    run_after(kHoldTime);
    const os::Deadline again = run_after(microseconds(10));
    now_ += microseconds(20);
    hold(holder_);
    EXPECT_LE(*again, now_ + kHoldTime);
}

TEST_F(FlusherTest, does_not_wait_for_one_in_use_and_comes_back_soon) {
    const auto other = std::make_shared<FakeHolder>();
    hold(holder_);
    hold(other);
    holder_->is_in_use_ = true;
    const auto again = run_after(kHoldTime);
    EXPECT_EQ(other->flushed_, 1);
    EXPECT_LE(*again, now_ + microseconds(100));
    holder_->is_in_use_ = false;
    run_after(microseconds(100));
    EXPECT_EQ(holder_->flushed_, 1);
}

TEST_F(FlusherTest, forgets_who_is_gone) {
    hold(holder_);
    run_after(kHoldTime);
    while (run_after(kHoldTime)) continue;
    EXPECT_EQ(holder_.use_count(), 1);
}

TEST_F(FlusherTest, lets_nobody_hold_anything_where_there_is_no_thread) {
    there_are_threads_ = false;
    EXPECT_FALSE(hold(holder_));
    there_are_threads_ = true;
    EXPECT_TRUE(hold(holder_));
}

TEST_F(FlusherTest, flushes_all_in_the_end_due_or_not_and_lets_nobody_hold_anything_after) {
    const auto other = std::make_shared<FakeHolder>();
    hold(holder_);
    hold(other);
    flusher_.finish();
    EXPECT_EQ(holder_->flushed_, 1);
    EXPECT_EQ(other->flushed_, 1);
    EXPECT_FALSE(hold(holder_));
    EXPECT_FALSE(hold(std::make_shared<FakeHolder>()));
}

TEST_F(FlusherTest, does_not_wait_for_ever_in_the_end) {
    hold(holder_);
    holder_->is_in_use_ = true;
    flusher_.finish();
    EXPECT_GT(holder_->asked_, 1);
}

TEST_F(FlusherTest, of_a_child_of_fork_is_another_one) {
    hold(holder_);
    holder_->become_a_child();
    Flusher of_child([](const auto&) { return true; });
    holder_->hold_until(now_ + kHoldTime);
    EXPECT_TRUE(of_child.watch(holder_));
    of_child.run_once(now_ + kHoldTime);
    EXPECT_EQ(holder_->flushed_, 1);
}

}  // namespace
}  // namespace mailslot
