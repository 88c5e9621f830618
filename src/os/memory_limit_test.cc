#include "os/memory_limit.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>

namespace mailslot::os {
namespace {

namespace fs = std::filesystem;

// Control groups as files in a folder of the test's own.
class MemoryLimitTest : public testing::Test {
protected:
    ~MemoryLimitTest() override { fs::remove_all(root_); }

    void write(const fs::path& path, const std::string& text) {
        fs::create_directories((root_ / path).parent_path());
        std::ofstream(root_ / path) << text;
    }
    void is_in(const std::string& lines) { write("self/cgroup", lines); }
    void mount(const std::string& root, const std::string& folder, const std::string& type,
               const std::string& options) {
        mounts_ += "30 23 0:26 " + root + " " + (root_ / folder).string() +
                   " rw,nosuid shared:9 - " + type + " " + type + " " + options + "\n";
        write("self/mountinfo", "22 1 8:1 / / rw - ext4 /dev/vda rw\n" + mounts_);
    }
    void group(const fs::path& path, const std::string& limit, int usage,
               const std::string& stat = "") {
        write(path / "memory.max", limit);
        write(path / "memory.current", std::to_string(usage));
        write(path / "memory.stat", stat);
    }
    std::optional<MemoryLimit::Room> room() {
        return MemoryLimit((root_ / "self").string()).room();
    }

    const fs::path root_ =
        fs::temp_directory_path() / ("memory_limit_test." + std::to_string(getpid()));
    std::string mounts_;
};

TEST_F(MemoryLimitTest, is_that_of_the_tightest_group_above) {
    mount("/", "v2", "cgroup2", "rw");
    is_in("0::/a/b/c\n");
    group("v2/a", "1000", 700);
    group("v2/a/b", "max", 650);
    group("v2/a/b/c", "5000", 600);
    ASSERT_TRUE(room());
    EXPECT_EQ(room()->limit, 1000u);
    EXPECT_EQ(room()->left, 300u);
}

TEST_F(MemoryLimitTest, counts_file_pages_as_free) {
    mount("/", "v2", "cgroup2", "rw");
    is_in("0::/a\n");
    group("v2/a", "1000", 900, "anon 100\ninactive_file 300\nactive_file 200\nshmem 300\n");
    EXPECT_EQ(room()->left, 600u);
}

TEST_F(MemoryLimitTest, is_none_where_no_group_has_one) {
    EXPECT_FALSE(room());  // no files at all
    mount("/", "v2", "cgroup2", "rw");
    is_in("0::/a\n");
    group("v2/a", "max", 900);
    EXPECT_FALSE(room());
    write("v2/a/memory.max", "nonsense");
    EXPECT_FALSE(room());
    is_in("0::/../elsewhere\n");
    EXPECT_FALSE(room());
}

TEST_F(MemoryLimitTest, is_found_from_inside_a_container) {
    mount("/docker/1234", "v2", "cgroup2", "rw");
    is_in("0::/docker/1234\n");
    group("v2", "2000", 500);
    ASSERT_TRUE(room());
    EXPECT_EQ(room()->left, 1500u);
}

TEST_F(MemoryLimitTest, is_read_in_version_1_too) {
    mount("/", "cpu", "cgroup", "rw,cpu");
    mount("/", "memory", "cgroup", "rw,memory");
    mount("/", "unified", "cgroup2", "rw");
    is_in("5:cpu:/x\n4:memory:/a\n0::/\n");
    write("memory/a/memory.limit_in_bytes", "1000");
    write("memory/a/memory.usage_in_bytes", "800");
    write("memory/a/memory.stat",
          "inactive_file 1\ntotal_inactive_file 50\ntotal_active_file 25\n");
    write("memory/memory.limit_in_bytes", "9223372036854771712");
    ASSERT_TRUE(room());
    EXPECT_EQ(room()->left, 275u);
}

TEST_F(MemoryLimitTest, over_its_limit_leaves_nothing) {
    mount("/", "v2", "cgroup2", "rw");
    is_in("0::/a\n");
    group("v2/a", "1000", 1200);
    EXPECT_EQ(room()->left, 0u);
}

}  // namespace
}  // namespace mailslot::os
