#include "office/vigil.h"

#include <gtest/gtest.h>

namespace mailslot::office {
namespace {

using Next = Vigil::Next;

TEST(Vigil, an_office_that_works_is_watched_as_long_as_something_comes) {
    Vigil vigil;
    for (std::uint32_t beats = 1; beats < 100; ++beats) {
        EXPECT_EQ(vigil.look(true, beats), Next::look_again);
    }
}

TEST(Vigil, an_office_with_nothing_to_do_is_left_alone) {
    Vigil vigil;
    EXPECT_EQ(vigil.look(false, 7), Next::look_again);
    for (int i = 0; i < 100; ++i) {
        EXPECT_EQ(vigil.look(false, 7), Next::sleep);
        EXPECT_EQ(vigil.look(false, 7), Next::look_again);
    }
}

TEST(Vigil, four_looks_in_a_row_without_a_beat_while_something_waits) {
    Vigil vigil;
    EXPECT_EQ(vigil.look(true, 7), Next::look_again);
    for (int i = 1; i < Vigil::kLooksInVain; ++i) EXPECT_EQ(vigil.look(true, 7), Next::look_again);
    EXPECT_EQ(vigil.look(true, 7), Next::replace);
}

TEST(Vigil, a_beat_begins_it_anew) {
    Vigil vigil;
    for (int i = 0; i < Vigil::kLooksInVain; ++i) EXPECT_EQ(vigil.look(true, 7), Next::look_again);
    EXPECT_EQ(vigil.look(true, 8), Next::look_again);
    for (int i = 1; i < Vigil::kLooksInVain; ++i) EXPECT_EQ(vigil.look(true, 8), Next::look_again);
    EXPECT_EQ(vigil.look(true, 8), Next::replace);
}

// A pulse that came round to the same number while nobody looked does not stand still.
TEST(Vigil, a_sleep_forgets_the_pulse) {
    Vigil vigil;
    EXPECT_EQ(vigil.look(false, 7), Next::look_again);
    EXPECT_EQ(vigil.look(false, 7), Next::sleep);
    EXPECT_EQ(vigil.look(true, 7), Next::look_again);
    for (int i = 1; i < Vigil::kLooksInVain; ++i) EXPECT_EQ(vigil.look(true, 7), Next::look_again);
    EXPECT_EQ(vigil.look(true, 7), Next::replace);
}

}  // namespace
}  // namespace mailslot::office
