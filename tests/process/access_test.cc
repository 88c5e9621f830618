// Users of this machine who may write to a slot. Needs root, who can become any user.
#include <grp.h>
#include <gtest/gtest.h>
#include <poll.h>
#include <unistd.h>

#include "mailslot/mailslot.h"
#include "support/child.h"
#include "support/intruder.h"
#include "support/machine.h"
#include "support/shared.h"

namespace mailslot::testing_process {
namespace {

using namespace std::chrono_literals;

constexpr uid_t kNobody = 65534;
constexpr gid_t kGroup = 54321;

struct Case {
    const char* what;
    SlotOptions options;
    bool is_member;  // member of kGroup
    Errc expected;
};

// Returns the result of a writer under another user, with the group as its first or a
// further group.
Errc put_as_nobody(const Case& c, bool as_first_group) {
    Shared<std::atomic<int>> result;
    Child child = Child::run([&] {
        const gid_t further = c.is_member && !as_first_group ? kGroup : kNobody;
        const gid_t first = c.is_member && as_first_group ? kGroup : kNobody;
        ASSERT_EQ(setgroups(1, &further), 0);
        ASSERT_EQ(setgid(first), 0);
        ASSERT_EQ(setuid(kNobody), 0);
        auto writer = Writer::open("ACCESS");
        if (!writer) {
            *result = static_cast<int>(writer.error().code);
            return;
        }
        const auto put = writer->put("from nobody");
        *result = put ? 0 : static_cast<int>(put.error().code);
    });
    EXPECT_EQ(child.wait(), 0);
    return static_cast<Errc>(result->load());
}

TEST(Access, is_what_the_slot_was_created_with) {
    if (geteuid() != 0) GTEST_SKIP() << "only root can be two users";
    Machine::own();
    const Case kCases[] = {
        {"owner", {}, true, Errc::no_permission},
        {"everybody", {.access = Access::everybody}, false, Errc{}},
        {"group, member", {.access = Access::group, .group = kGroup}, true, Errc{}},
        {"group, not a member",
         {.access = Access::group, .group = kGroup},
         false,
         Errc::no_permission},
    };
    for (const Case& c : kCases) {
        for (const bool as_first_group : {true, false}) {
            SCOPED_TRACE(c.what);
            Shared<Tally> ready, go;
            Child reading = Child::run([&] {
                Reader reader = Reader::create("ACCESS", c.options).value();
                ready->add();
                ASSERT_TRUE(go->await());
                EXPECT_EQ(reader.qsize(), c.expected == Errc{} ? 1u : 0u);
            });
            ASSERT_TRUE(ready->await());
            EXPECT_EQ(put_as_nobody(c, as_first_group), c.expected);
            go->add();
            EXPECT_EQ(reading.wait(), 0);
        }
    }
}

// With the descriptor, another user could make the reader's process wait in the kernel for any
// time, because every holder of an eventfd can make it block.
TEST(Access, another_user_rings_by_way_of_the_reader_and_has_no_descriptor_to_do_so) {
    if (geteuid() != 0) GTEST_SKIP() << "only root can be two users";
    const Machine& machine = Machine::own();
    Shared<Tally> ready, go;
    Child writing = Child::run([&] {
        ASSERT_TRUE(ready->await());
        ASSERT_EQ(setgroups(0, nullptr), 0);
        ASSERT_EQ(setgid(kNobody), 0);
        ASSERT_EQ(setuid(kNobody), 0);
        const auto own = Intruder::attach(machine, "ACCESS");
        ASSERT_TRUE(own) << to_string(own.error());
        EXPECT_FALSE(own->has_event());
        Writer writer = Writer::open("ACCESS").value();
        for (std::uint32_t i = 1; i <= 3; ++i) {
            ASSERT_TRUE(go->await(i));
            ASSERT_TRUE(writer.put("from nobody"));
        }
    });
    Reader reader = Reader::create("ACCESS", {.access = Access::everybody}).value();
    pollfd entry{reader.fileno().value(), POLLIN, 0};
    ready->add();
    for (int i = 0; i < 3; ++i) {
        go->add();
        EXPECT_EQ(poll(&entry, 1, 10'000), 1);
        EXPECT_TRUE(reader.get(0ms));
        EXPECT_EQ(poll(&entry, 1, 0), 0);
    }
    EXPECT_EQ(writing.wait(), 0);
}

}  // namespace
}  // namespace mailslot::testing_process
