#include "inbox/backing.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>

#include "inbox/testing/record.h"
#include "inbox/testing/slot_under_test.h"

namespace mailslot::inbox {
namespace {

namespace fs = std::filesystem;

constexpr std::uint64_t kMiB = 1 << 20;

// A control group as files: its limit is 80 MiB, so the share is 10 MiB.
class BackingTest : public SlotUnderTest {
protected:
    BackingTest() {
        fs::create_directories(root_ / "self");
        std::ofstream(root_ / "self/cgroup") << "0::/\n";
        std::ofstream(root_ / "self/mountinfo")
            << "30 23 0:26 / " << root_.string() << " rw - cgroup2 cgroup2 rw\n";
        std::ofstream(root_ / "memory.max") << 80 * kMiB;
        is_used(0);
    }
    ~BackingTest() override { fs::remove_all(root_); }

    void is_used(std::uint64_t bytes) { std::ofstream(root_ / "memory.current") << bytes; }
    Backing limited() const { return Backing(os::MemoryLimit((root_ / "self").string())); }
    // Puts messages of nearly a block until one fails, at most `most`. Returns how many.
    int fill(InboxWriter& writer, int most) {
        const std::string text(65000, 'x');
        Item item{.origin = 7, .payload = as_bytes(text)};
        for (int i = 0; i < most; ++i) {
            item.sequence = static_cast<std::uint64_t>(i) + 1;
            const auto put = writer.put(std::span(&item, 1));
            if (put) continue;
            EXPECT_EQ(put.error().code, Errc::no_resources);
            return i;
        }
        return most;
    }

    const fs::path root_ = fs::temp_directory_path() / ("backing_test." + std::to_string(getpid()));
};

TEST_F(BackingTest, leaves_a_share_of_the_limit_free) {
    Backing backing = limited();
    EXPECT_TRUE(backing.may_take(kBlockBytes));
    is_used(70 * kMiB - kBlockBytes);
    EXPECT_TRUE(backing.may_take(kBlockBytes));
    is_used(70 * kMiB - kBlockBytes + 1);
    EXPECT_FALSE(backing.may_take(kBlockBytes));
}

TEST_F(BackingTest, takes_only_a_share_for_another_user) {
    Backing backing = limited();
    std::uint64_t backed = 0;
    backing.share([&] { return backed; });
    EXPECT_TRUE(backing.may_take(kBlockBytes));
    backed = 10 * kMiB - kBlockBytes;
    EXPECT_TRUE(backing.may_take(kBlockBytes));
    backed += 1;
    EXPECT_FALSE(backing.may_take(kBlockBytes));
}

TEST_F(BackingTest, without_a_limit_asks_nobody) {
    std::ofstream(root_ / "memory.max") << "max";
    Backing backing = limited();
    backing.share([]() -> std::uint64_t {
        ADD_FAILURE();
        return 0;
    });
    EXPECT_TRUE(backing.may_take(std::size_t{1} << 40));
}

TEST_F(BackingTest, of_a_writer_ends_with_an_error_and_its_reader_helps) {
    open({.max_bytes = 64 * kMiB});
    const auto w = writer();
    w->set_backing(limited());
    w->share_memory([&] { return os::backed_bytes(w->memory()); });
    const int alone = fill(*w, 1000);
    EXPECT_GT(alone, 140);
    EXPECT_LT(alone, 170);
    EXPECT_NE(w->take_wants() & InboxWriter::kWantsMemory, 0);
    inbox_->back_ahead();
    EXPECT_EQ(fill(*w, 1000), 32);
    EXPECT_EQ(inbox_->qsize(), static_cast<std::uint64_t>(alone) + 32);
}

TEST_F(BackingTest, ahead_is_kept_while_messages_wait) {
    open({.max_bytes = 64 * kMiB});
    const auto w = writer();
    is_used(80 * kMiB);
    inbox_->back_ahead();
    w->set_backing(limited());
    ASSERT_EQ(fill(*w, 1), 1);
    for (int i = 0; i < 3; ++i) inbox_->trim();
    ASSERT_EQ(fill(*w, 1), 1);
    Record record;
    while (get_nowait(*inbox_, record)) {
    }
    for (int i = 0; i < 3; ++i) inbox_->trim();
    EXPECT_EQ(fill(*w, 100), 0);
}

TEST_F(BackingTest, of_a_reader_keeps_to_its_own_limit) {
    open({.max_bytes = 64 * kMiB}, limited());
    const auto w = writer();
    is_used(80 * kMiB);
    w->set_backing(limited());
    EXPECT_EQ(fill(*w, 1), 0);
    inbox_->back_ahead();
    EXPECT_EQ(fill(*w, 1), 0);
    is_used(0);
    inbox_->back_ahead();
    is_used(80 * kMiB);
    EXPECT_EQ(fill(*w, 100), 32);
}

}  // namespace
}  // namespace mailslot::inbox
