// With files, and without sockets.
#include <gtest/gtest.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <iterator>
#include <string>

#include "base/testing/fake_clock.h"
#include "carrier/udp/path_memory.h"

namespace mailslot {
namespace {

using std::chrono::minutes;
using std::chrono::seconds;

Way::Course to(std::uint8_t machine, std::uint32_t interface_index = 0) {
    return {{IpAddress::v4(10, 0, 0, machine), 17138}, {interface_index, {}}};
}

class PathMemoryTest : public testing::Test {
protected:
    PathMemoryTest() {
        EXPECT_NE(mkdtemp(root_.data()), nullptr);
        settings_.dir = root_ + "/runtime";
        settings_.system_dir = "/run/mailslot";
    }
    ~PathMemoryTest() override { std::filesystem::remove_all(root_); }

    void keep(const Way::Course& course, double rate) {
        PathMemory(settings_, clock_).keep(course, {rate, std::chrono::microseconds(400)});
    }
    // Returns the remembered rate; 0: none.
    double rate_to(const Way::Course& course) const {
        const auto memory = PathMemory(settings_, clock_).find(course);
        if (memory) {
            EXPECT_DOUBLE_EQ(memory->round_trip.count(), 0.0004);
        }
        return memory ? memory->rate : 0;
    }
    std::string file() const { return settings_.dir + "/paths"; }
    std::string content() const {
        std::ifstream in(file(), std::ios::binary);
        return {std::istreambuf_iterator<char>(in), {}};
    }
    void write(std::string_view text) const {
        std::ofstream(file(), std::ios::binary | std::ios::trunc) << text;
    }

    FakeClock clock_;
    Settings settings_;
    std::string root_ = "/tmp/mailslot-paths-XXXXXX";
};

TEST_F(PathMemoryTest, tells_later_streams_of_a_path_by_machine_and_interface) {
    EXPECT_EQ(rate_to(to(1)), 0);
    keep(to(1), 1e6);
    keep(to(2), 2e6);
    keep(to(1, 7), 3e6);
    EXPECT_EQ(rate_to(to(1)), 1e6);
    EXPECT_EQ(rate_to(to(2)), 2e6);
    EXPECT_EQ(rate_to(to(1, 7)), 3e6);
    EXPECT_EQ(rate_to(to(3)), 0);
    keep(to(1), 4e6);
    EXPECT_EQ(rate_to(to(1)), 4e6);
    EXPECT_EQ(rate_to(to(2)), 2e6);
}

TEST_F(PathMemoryTest, forgets_after_five_minutes_and_does_not_believe_the_future) {
    keep(to(1), 1e6);
    clock_.advance(minutes(5));
    EXPECT_EQ(rate_to(to(1)), 1e6);
    clock_.advance(seconds(1));
    EXPECT_EQ(rate_to(to(1)), 0);
    keep(to(1), 1e6);
    clock_.set_wall_back(minutes(1));
    EXPECT_EQ(rate_to(to(1)), 0);
}

TEST_F(PathMemoryTest, is_for_its_user_alone) {
    keep(to(1), 1e6);
    struct stat status {};
    ASSERT_EQ(stat(file().c_str(), &status), 0);
    EXPECT_EQ(status.st_mode & 07777, 0600u);
    ASSERT_EQ(stat(settings_.dir.c_str(), &status), 0);
    EXPECT_EQ(status.st_mode & 07777, 0700u);
    ASSERT_EQ(chmod(file().c_str(), 0622), 0);
    EXPECT_EQ(rate_to(to(1)), 0) << "others may have written the file";
    keep(to(1), 2e6);
    EXPECT_EQ(rate_to(to(1)), 2e6);
    ASSERT_EQ(chmod(settings_.dir.c_str(), 0777), 0);
    EXPECT_EQ(rate_to(to(1)), 0) << "others may write to the folder";
    const std::string before = content();
    keep(to(1), 3e6);
    EXPECT_EQ(content(), before);
}

TEST_F(PathMemoryTest, of_another_user_is_not_used) {
    keep(to(1), 1e6);
    constexpr uid_t kOther = 4711;
    if (chown(file().c_str(), kOther, kOther) != 0) GTEST_SKIP() << "needs root";
    EXPECT_EQ(rate_to(to(1)), 0);
    ASSERT_EQ(chown(file().c_str(), getuid(), getgid()), 0);
    EXPECT_EQ(rate_to(to(1)), 1e6);
    ASSERT_EQ(chown(settings_.dir.c_str(), kOther, kOther), 0);
    EXPECT_EQ(rate_to(to(1)), 0);
    const std::string before = content();
    keep(to(2), 2e6);
    EXPECT_EQ(content(), before);
}

TEST_F(PathMemoryTest, that_is_damaged_is_none_and_is_replaced) {
    keep(to(1), 1e6);
    const std::string whole = content();
    const std::string damaged[] = {"", "x", whole.substr(0, whole.size() - 1), whole + "x",
                                   std::string(1 << 20, 'x')};
    for (const std::string& text : damaged) {
        SCOPED_TRACE(text.size());
        write(text);
        EXPECT_EQ(rate_to(to(1)), 0);
        keep(to(2), 2e6);
        EXPECT_EQ(rate_to(to(2)), 2e6);
    }
    std::filesystem::remove(file());
    std::filesystem::create_directory(file());
    EXPECT_EQ(rate_to(to(1)), 0);
    keep(to(1), 1e6);
    EXPECT_EQ(rate_to(to(1)), 0);
}

TEST_F(PathMemoryTest, has_the_newest_paths_only) {
    for (std::uint32_t i = 0; i < wire::kMostPathNotes + 1; ++i) keep(to(1, i), 1e6);
    EXPECT_EQ(content().size(), wire::kMostPathNotesBytes);
    EXPECT_EQ(rate_to(to(1, 0)), 0);
    EXPECT_EQ(rate_to(to(1, 1)), 1e6);
    EXPECT_EQ(rate_to(to(1, wire::kMostPathNotes)), 1e6);
}

}  // namespace
}  // namespace mailslot
