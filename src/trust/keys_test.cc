#include "trust/keys.h"

#include <gtest/gtest.h>

#include <set>
#include <string>

#include "trust/testing/test_keys.h"

namespace mailslot::trust {
namespace {

std::string chosen(const std::shared_ptr<Keys>& keys, std::string_view to) {
    const auto choice = KeysView(keys).choose(to);
    if (choice.error) return "error";
    return choice.domain != nullptr ? choice.domain->folded : "clear";
}

TEST(KeysView, chooses_the_domains_own_key_else_the_default_ones_else_none) {
    const auto ring = [] { return test_ring(test_domain("Lab", 1), test_domain("Sales", 100)); };
    const auto keys = Keys::of(ring(), "Sales"), without = Keys::of(ring());
    EXPECT_EQ(chosen(keys, "LAB"), "LAB");
    EXPECT_EQ(chosen(keys, "HOST"), "SALES");
    EXPECT_EQ(chosen(keys, ""), "SALES");
    EXPECT_EQ(chosen(without, "LAB"), "LAB");
    EXPECT_EQ(chosen(without, "HOST"), "clear");
    EXPECT_EQ(chosen(without, ""), "clear");
    EXPECT_EQ(chosen(nullptr, "LAB"), "clear");
}

TEST(KeysView, never_chooses_clear_text_where_a_key_is_wanted_that_cannot_be_had) {
    const auto locked = [] {
        return test_ring(DomainKeys{.domain = "Lab", .folded = "LAB", .path = "/etc/LAB.key"});
    };
    EXPECT_EQ(chosen(Keys::of(locked()), "LAB"), "error");
    EXPECT_EQ(chosen(Keys::of(locked()), ""), "clear");
    EXPECT_EQ(chosen(Keys::of(locked(), "Lab"), ""), "error");
    EXPECT_EQ(chosen(Keys::of(KeyRing(), "Lab"), ""), "error");
    const auto choice = KeysView(Keys::of(KeyRing(), "Lab")).choose("");
    EXPECT_EQ(choice.error->code, Errc::no_permission);
}

TEST(KeysView, never_chooses_clear_text_for_a_domain_whose_key_has_gone) {
    int loads = 0;
    const auto load = [&loads]() -> Result<KeyRing> {
        return ++loads == 1 ? test_ring(test_domain("Lab", 1)) : KeyRing();
    };
    const auto keys = Keys::open({load, [] { return 1; }}, "").value();
    EXPECT_EQ(chosen(keys, "LAB"), "LAB");
    keys->reload_now();
    EXPECT_EQ(loads, 2);
    EXPECT_EQ(chosen(keys, "LAB"), "error");
    EXPECT_EQ(chosen(keys, "HOST"), "clear");
    EXPECT_EQ(chosen(keys, ""), "clear");
}

TEST(Keys, stay_as_they_are_when_a_change_cannot_be_read_and_are_read_again_when_it_can) {
    int loads = 0;
    const auto load = [&loads]() -> Result<KeyRing> {
        if (++loads == 2) return Error{Errc::bad_config, "read key"};
        return test_ring(test_domain(loads == 1 ? "Lab" : "Sales", 1));
    };
    const auto keys = Keys::open({load, [] { return 1; }}, "").value();
    keys->reload_now();
    EXPECT_EQ(keys->error()->code, Errc::bad_config);
    EXPECT_TRUE(keys->ring()->find("LAB"));
    keys->reload_now();
    EXPECT_FALSE(keys->error());
    EXPECT_TRUE(keys->ring()->find("SALES"));
    keys->reload_now();  // nothing has changed
    EXPECT_EQ(loads, 3);
}

TEST(Sealer, never_gives_a_stamp_twice) {
    Sealer sealer;
    const Stamp first = sealer.next(64), second = sealer.next(1);
    EXPECT_EQ(first.counter, 1u);
    EXPECT_EQ(second.counter, 65u);
    EXPECT_EQ(first.sender_id, second.sender_id);
    EXPECT_EQ(first.epoch, second.epoch);
    EXPECT_NE(Sealer().next(1).sender_id, first.sender_id);
    // A new identity replaces a counter that would overflow.
    (void)sealer.next(~std::uint64_t{0} - 100);
    const Stamp later = sealer.next(100);
    EXPECT_NE(later.sender_id, first.sender_id);
    EXPECT_EQ(later.counter, 1u);
}

TEST(Keys, are_not_opened_where_they_cannot_be_loaded) {
    const auto failing = [] { return Result<KeyRing>(Error{Errc::bad_config, "read key"}); };
    const auto keys = Keys::open({failing, [] { return 1; }}, "");
    ASSERT_FALSE(keys);
    EXPECT_EQ(keys.error().code, Errc::bad_config);
}

}  // namespace
}  // namespace mailslot::trust
