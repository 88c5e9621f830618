#include "office/name_owners.h"

#include <gtest/gtest.h>

#include <cstdlib>
#include <filesystem>

#include "base/testing/fake_clock.h"
#include "os/folder.h"

namespace mailslot::office {
namespace {

using namespace std::chrono_literals;

constexpr std::uint32_t kAnn = 1001, kBob = 1002;

class NameOwnersTest : public testing::Test {
protected:
    ~NameOwnersTest() override { std::filesystem::remove_all(dir_); }
    static std::string new_folder() {
        std::string path = "/tmp/mailslot-owners-XXXXXX";
        EXPECT_NE(mkdtemp(path.data()), nullptr);
        return path;
    }
    std::size_t files() const { return os::list_folder(folder_.owners_folder()).size(); }

    const std::string dir_ = new_folder();
    const local::SlotFolder folder_{dir_};
    FakeClock clock_;
};

TEST_F(NameOwnersTest, keeps_a_name_through_the_offices_end_for_a_while) {
    {
        NameOwners first(folder_, clock_);
        EXPECT_TRUE(first.may_have("LOG", kAnn));
        EXPECT_TRUE(first.may_have("LOG", kBob));
        first.note("LOG", kAnn);
        EXPECT_EQ(first.next_tick(), std::nullopt);
    }
    NameOwners second(folder_, clock_);
    EXPECT_TRUE(second.may_have("LOG", kAnn));
    EXPECT_FALSE(second.may_have("LOG", kBob));
    EXPECT_TRUE(second.may_have("OTHER", kBob));
    EXPECT_EQ(second.next_tick(), clock_.now() + NameOwners::kTimeToComeBack);
    clock_.advance(NameOwners::kTimeToComeBack - 1ms);
    second.tick();
    EXPECT_FALSE(second.may_have("LOG", kBob));
    clock_.advance(1ms);
    second.tick();
    EXPECT_TRUE(second.may_have("LOG", kBob));
    EXPECT_EQ(second.next_tick(), std::nullopt);
    EXPECT_EQ(files(), 0u);
}

TEST_F(NameOwnersTest, keeps_it_for_one_who_came_back) {
    NameOwners(folder_, clock_).note("LOG", kAnn);
    {
        NameOwners second(folder_, clock_);
        second.note("LOG", kAnn);
        EXPECT_EQ(second.next_tick(), std::nullopt);
        clock_.advance(1h);
        second.tick();
    }
    EXPECT_FALSE(NameOwners(folder_, clock_).may_have("LOG", kBob));
}

TEST_F(NameOwnersTest, gives_it_away_when_its_reader_closes) {
    NameOwners first(folder_, clock_);
    first.note("LOG", kAnn);
    first.note("LOG", kAnn);
    EXPECT_EQ(files(), 1u);
    first.forget("LOG");
    first.forget("LOG");
    EXPECT_EQ(files(), 0u);
    first.note("LOG", kBob);
    NameOwners second(folder_, clock_);
    EXPECT_TRUE(second.may_have("LOG", kBob));
    EXPECT_FALSE(second.may_have("LOG", kAnn));
}

TEST_F(NameOwnersTest, removes_what_is_no_note) {
    NameOwners(folder_, clock_).note("LOG", kAnn);
    for (const char* text : {"", "x", "12 34", "99999999999"}) {
        EXPECT_TRUE(os::write_small_file(folder_.owners_folder() + "/damaged", text, 0600));
        NameOwners owners(folder_, clock_);
        EXPECT_EQ(files(), 1u) << text;
        EXPECT_FALSE(owners.may_have("LOG", kBob)) << text;
    }
}

}  // namespace
}  // namespace mailslot::office
