#include "os/biased_mutex.h"

#include <gtest/gtest.h>
#include <sys/wait.h>
#include <unistd.h>

#include <mutex>
#include <thread>
#include <vector>

namespace mailslot::os {
namespace {

TEST(BiasedMutex, excludes_threads_that_take_turns_as_they_come) {
    constexpr int kThreads = 4, kEach = 20'000;
    BiasedMutex mutex;
    int inside = 0, total = 0;  // not atomic, so that the thread sanitizer watches too
    std::vector<std::thread> threads;
    for (int i = 0; i < kThreads; ++i) {
        threads.emplace_back([&] {
            for (int k = 0; k < kEach; ++k) {
                const std::lock_guard lock(mutex);
                EXPECT_EQ(++inside, 1);
                ++total;
                --inside;
            }
        });
    }
    for (auto& thread : threads) thread.join();
    EXPECT_EQ(total, kThreads * kEach);
}

// The owner is inside most of the time, and another thread wants in now and then.
TEST(BiasedMutex, lets_a_guest_in_while_the_owner_comes_and_goes) {
    BiasedMutex mutex;
    int value = 0;
    std::atomic<bool> is_over{false};
    std::atomic<std::uint64_t> owners_turns{0};
    std::thread owner([&] {
        while (!is_over) {
            const std::lock_guard lock(mutex);
            const int before = value++;
            EXPECT_EQ(value, before + 1);
            owners_turns.fetch_add(1, std::memory_order_relaxed);
        }
    });
    for (int i = 0; i < 10; ++i) {
        const std::uint64_t seen = owners_turns;
        // the thread is the owner again
        while (owners_turns < seen + 100) std::this_thread::yield();
        const std::lock_guard lock(mutex);
        const int before = value++;
        EXPECT_EQ(value, before + 1);
    }
    is_over = true;
    owner.join();
}

TEST(BiasedMutex, who_only_tries_is_told_when_the_owner_is_inside) {
    BiasedMutex mutex;
    { const std::lock_guard lock(mutex); }  // makes this thread the owner
    mutex.lock();
    std::thread([&] { EXPECT_FALSE(mutex.try_lock()); }).join();
    mutex.unlock();
    std::thread([&] {
        ASSERT_TRUE(mutex.try_lock());
        mutex.unlock();
    }).join();
    const std::lock_guard lock(mutex);
}

TEST(BiasedMutex, who_comes_as_a_guest_first_does_not_become_the_owner) {
    BiasedMutex mutex;
    std::thread([&] {
        { const BiasedMutex::Guest guest(mutex); }
        ASSERT_TRUE(mutex.try_lock());
        mutex.unlock();
    }).join();
    { const std::lock_guard lock(mutex); }
    EXPECT_TRUE(mutex.is_owned_by_this_thread());
    std::thread([&] {
        const BiasedMutex::Guest guest(mutex);
        EXPECT_FALSE(mutex.is_owned_by_this_thread());
    }).join();
    EXPECT_TRUE(mutex.is_owned_by_this_thread());
}

TEST(BiasedMutex, is_free_in_the_child_of_a_fork) {
    BiasedMutex mutex;
    std::atomic<bool> is_held{false}, is_over{false};
    std::thread other([&] {
        { const std::lock_guard lock(mutex); }
        const std::lock_guard lock(mutex);
        is_held = true;
        while (!is_over) std::this_thread::yield();
    });
    while (!is_held) std::this_thread::yield();
    const pid_t child = fork();
    if (child == 0) {
        mutex.lock();
        mutex.unlock();
        mutex.lock();
        mutex.unlock();
        _exit(0);
    }
    int status = -1;
    waitpid(child, &status, 0);
    is_over = true;
    other.join();
    EXPECT_EQ(status, 0);
}

// --- A thread that locks a mutex that it holds

template <class Lock>
void expect_death_of(const Lock& lock) {
    GTEST_FLAG_SET(death_test_style, "threadsafe");
    EXPECT_DEATH(lock(), "bug");
}

TEST(BiasedMutexDeathTest, its_owner_is_not_let_in_twice) {
    expect_death_of([] {
        BiasedMutex mutex;
        { const std::lock_guard lock(mutex); }  // makes this thread the owner
        mutex.lock();
        mutex.lock();
    });
}

TEST(BiasedMutexDeathTest, a_thread_is_not_let_in_twice_where_it_is_about_to_become_the_owner) {
    expect_death_of([] {
        BiasedMutex mutex;
        mutex.lock();
        mutex.lock();
    });
}

TEST(BiasedMutexDeathTest, its_owner_is_not_let_in_as_a_guest_of_itself) {
    expect_death_of([] {
        BiasedMutex mutex;
        { const std::lock_guard lock(mutex); }
        mutex.lock();
        mutex.lock_as_guest();
    });
    expect_death_of([] {
        BiasedMutex mutex;
        { const std::lock_guard lock(mutex); }
        mutex.lock_as_guest();
        mutex.lock();
    });
}

TEST(BiasedMutexDeathTest, a_guest_does_not_wait_for_itself) {
    expect_death_of([] {
        BiasedMutex mutex;
        mutex.lock_as_guest();
        mutex.lock_as_guest();
    });
}

TEST(BiasedMutex, who_only_tries_is_told_when_the_same_thread_is_inside) {
    BiasedMutex mutex;
    for (int i = 0; i < 2; ++i) {  // before this thread is the owner, and after
        mutex.lock();
        EXPECT_FALSE(mutex.try_lock());
        mutex.unlock();
    }
    ASSERT_TRUE(mutex.try_lock());
    mutex.unlock();
}

TEST(ForkMutexDeathTest, a_thread_does_not_wait_for_itself) {
    expect_death_of([] {
        ForkMutex mutex;
        mutex.lock();
        mutex.lock();
    });
}

}  // namespace
}  // namespace mailslot::os
