#include "mailslot/exit_status.h"

#include <gtest/gtest.h>

namespace mailslot::cli {
namespace {

struct Case {
    Errc code;
    int status;
};

constexpr Case kCases[] = {
    {Errc::bad_name, 2},      {Errc::name_too_long, 2},   {Errc::no_such_slot, 4},
    {Errc::slot_exists, 1},   {Errc::wrong_direction, 2}, {Errc::closed, 1},
    {Errc::timed_out, 3},     {Errc::message_too_big, 1}, {Errc::slot_full, 1},
    {Errc::no_permission, 5}, {Errc::no_resources, 1},    {Errc::unreachable, 1},
    {Errc::port_taken, 1},    {Errc::bad_packet, 1},      {Errc::bad_segment, 1},
    {Errc::bad_config, 2},    {Errc::bad_label, 2},
};

TEST(ExitStatus, is_the_documented_one_for_every_error) {
    for (const Case& c : kCases) {
        SCOPED_TRACE(static_cast<int>(c.code));
        EXPECT_EQ(exit_status(c.code), c.status);
    }
}

TEST(ExitStatus, is_never_success_for_an_error) {
    for (int code = 1; code <= static_cast<int>(Errc::interrupted); ++code) {
        EXPECT_NE(exit_status(static_cast<Errc>(code)), kDone) << code;
    }
}

}  // namespace
}  // namespace mailslot::cli
