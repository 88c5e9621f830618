#include "carrier/udp/host_resolver.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <condition_variable>
#include <future>
#include <map>
#include <memory>
#include <mutex>
#include <set>

#include "base/testing/fake_clock.h"
#include "model/fold.h"

namespace mailslot {
namespace {

using namespace std::chrono_literals;

using os::AddressUse;

constexpr std::chrono::milliseconds kLong = 1h;  // an answer ends the wait, never the time

const IpAddress kFirst = IpAddress::v4(10, 0, 0, 1);
const IpAddress kSecond = IpAddress::v4(10, 0, 0, 2);
const IpAddress kSix{IpAddress::Family::v6, {0xfd, 1}, 0};

// A resolver that answers when the test allows. Shared with look-ups that outlive the test's
// objects.
struct SlowNames {
    std::mutex mutex;
    std::condition_variable changed;
    std::map<std::string, os::HostAnswer> known;
    std::set<std::string> held;
    std::vector<std::string> asked;
    int finished = 0;

    os::HostAnswer look_up(const std::string& host) {
        std::unique_lock lock(mutex);
        asked.push_back(host);
        changed.notify_all();
        changed.wait(lock, [&] { return !held.contains(host); });
        ++finished;
        changed.notify_all();
        return known[host];
    }
    void set(const std::string& host, std::vector<IpAddress> addresses,
             const std::string& canonical_name = "") {
        const std::lock_guard lock(mutex);
        known[host] = {std::move(addresses), canonical_name};
    }
    void hold(const std::string& host) {
        const std::lock_guard lock(mutex);
        held.insert(host);
    }
    void let_go(const std::string& host) {
        const std::lock_guard lock(mutex);
        held.erase(host);
        changed.notify_all();
    }
    void wait_until_asked(std::size_t times) {
        std::unique_lock lock(mutex);
        changed.wait(lock, [&] { return asked.size() >= times; });
    }
    void wait_until_finished(int times) {
        std::unique_lock lock(mutex);
        changed.wait(lock, [&] { return finished >= times; });
    }
    std::size_t times_asked() {
        const std::lock_guard lock(mutex);
        return asked.size();
    }
};

std::optional<IpAddress> address(HostResolver& resolver, std::string_view host,
                                 std::chrono::milliseconds wait) {
    const auto found = resolver.resolve(host, wait);
    return found ? std::optional(found->address) : std::nullopt;
}

class HostResolverTest : public testing::Test {
protected:
    std::unique_ptr<HostResolver> make() {
        return std::make_unique<HostResolver>(
            settings_, clock_,
            HostResolver::Ports{
                [names = names_](const std::string& host) { return names->look_up(host); },
                [this](const std::string& host) { return in_file_[host]; },
                [this](const IpAddress& address) {
                    ++times_checked_;
                    const auto other = use_.find(to_string(address));
                    return other != use_.end() ? other->second : AddressUse::another_host;
                }});
    }
    std::string to(const std::string& place, const std::string& slot = "x") {
        const auto address = parse_address("//" + place + "/mailslot/" + slot).value();
        const Destination destination = make()->destination(address, kLong);
        std::string names = destination.to;
        std::ranges::replace(names, kBetweenNames, '+');
        const char* const scope = destination.scope == Scope::named ? "group" : "direct";
        return scope + (' ' + names) + ' ' + to_string(destination.address);
    }

    Settings settings_;
    FakeClock clock_;
    std::shared_ptr<SlowNames> names_ = std::make_shared<SlowNames>();
    std::map<std::string, os::HostAnswer> in_file_;
    std::map<std::string, AddressUse> use_;  // for addresses that belong to no other host
    int times_checked_ = 0;
};

TEST_F(HostResolverTest, takes_a_configured_peers_address_without_asking) {
    settings_.peers["FILESRV"] = "10.0.0.1";
    EXPECT_EQ(address(*make(), "FileSrv", 0ms), kFirst);
    EXPECT_EQ(names_->times_asked(), 0u);
}

TEST_F(HostResolverTest, looks_up_a_configured_peers_dns_name) {
    settings_.peers["FILESRV"] = "files.example.org";
    names_->set("files.example.org", {kFirst});
    EXPECT_EQ(address(*make(), "filesrv", kLong), kFirst);
}

TEST_F(HostResolverTest, remembers_an_address_for_a_minute_whatever_the_case) {
    names_->set("alpha", {kFirst});
    const auto resolver = make();
    EXPECT_EQ(address(*resolver, "alpha", kLong), kFirst);
    clock_.advance(50s);
    EXPECT_EQ(address(*resolver, "ALPHA", 0ms), kFirst);
    EXPECT_EQ(names_->times_asked(), 1u);
    names_->set("alpha", {kSecond});
    clock_.advance(11s);
    EXPECT_EQ(address(*resolver, "alpha", kLong), kSecond);
    EXPECT_EQ(names_->times_asked(), 2u);
}

TEST_F(HostResolverTest, remembers_for_ten_seconds_that_there_is_no_such_host) {
    const auto resolver = make();
    EXPECT_EQ(address(*resolver, "nobody", kLong), std::nullopt);
    names_->set("nobody", {kFirst});
    clock_.advance(9s);
    EXPECT_EQ(address(*resolver, "nobody", kLong), std::nullopt);
    EXPECT_EQ(names_->times_asked(), 1u);
    clock_.advance(2s);
    EXPECT_EQ(address(*resolver, "nobody", kLong), kFirst);
}

TEST_F(HostResolverTest, gives_up_waiting_and_finds_the_late_answer_in_a_later_call) {
    names_->set("slow", {kFirst});
    names_->hold("slow");
    const auto resolver = make();
    EXPECT_EQ(address(*resolver, "slow", 0ms), std::nullopt);
    auto second = std::async([&] { return address(*resolver, "slow", kLong); });
    names_->let_go("slow");
    EXPECT_EQ(second.get(), kFirst);
    EXPECT_EQ(names_->times_asked(), 1u);
}

TEST_F(HostResolverTest, waits_once_for_a_look_up_and_not_for_each_message) {
    names_->hold("slow");
    const auto resolver = make();
    EXPECT_EQ(address(*resolver, "slow", 0ms), std::nullopt);
    clock_.advance(1h);
    EXPECT_EQ(address(*resolver, "slow", 1h), std::nullopt);  // would wait an hour
    names_->let_go("slow");
}

TEST_F(HostResolverTest, keeps_the_old_address_while_a_new_look_up_is_slow) {
    names_->set("alpha", {kFirst});
    const auto resolver = make();
    EXPECT_EQ(address(*resolver, "alpha", kLong), kFirst);
    names_->hold("alpha");
    clock_.advance(61s);
    EXPECT_EQ(address(*resolver, "alpha", 0ms), kFirst);
    names_->let_go("alpha");
}

TEST_F(HostResolverTest, can_be_destroyed_while_a_look_up_is_under_way) {
    names_->hold("slow");
    auto resolver = make();
    EXPECT_EQ(address(*resolver, "slow", 0ms), std::nullopt);
    names_->wait_until_asked(1);
    resolver.reset();
    names_->let_go("slow");
    names_->wait_until_finished(1);
}

TEST_F(HostResolverTest, looks_up_no_more_than_a_few_hosts_at_once) {
    const auto resolver = make();
    for (int i = 0; i < kMaxLookUps + 1; ++i) {
        const std::string host = "slow" + std::to_string(i);
        names_->hold(host);
        EXPECT_EQ(address(*resolver, host, 0ms), std::nullopt);
    }
    names_->wait_until_asked(kMaxLookUps);
    names_->set("alpha", {kFirst});
    EXPECT_EQ(address(*resolver, "alpha", 0ms), std::nullopt);
    EXPECT_EQ(names_->times_asked(), static_cast<std::size_t>(kMaxLookUps));
    for (int i = 0; i < kMaxLookUps; ++i) names_->let_go("slow" + std::to_string(i));
    names_->wait_until_finished(kMaxLookUps + 1);
    clock_.advance(-1h);  // makes the wait end with the answer
    EXPECT_EQ(address(*resolver, "alpha", kLong), kFirst);
    names_->let_go("slow" + std::to_string(kMaxLookUps));
}

TEST_F(HostResolverTest, forgets_the_hosts_asked_for_longest_ago_when_there_are_many) {
    const auto resolver = make();
    for (std::size_t i = 0; i < kMaxResolvedHosts; ++i) {
        address(*resolver, "host" + std::to_string(i), kLong);
        clock_.advance(1us);
    }
    address(*resolver, "one more", kLong);
    const std::size_t asked = names_->times_asked();
    EXPECT_EQ(asked, kMaxResolvedHosts + 1);
    address(*resolver, "host255", kLong);
    EXPECT_EQ(names_->times_asked(), asked);
    address(*resolver, "host0", kLong);
    EXPECT_EQ(names_->times_asked(), asked + 1);
}

TEST_F(HostResolverTest, takes_the_first_address_of_a_family_that_the_settings_allow) {
    names_->set("alpha", {kSix, kFirst, kSecond});
    EXPECT_EQ(address(*make(), "alpha", kLong), kSix);
    settings_.families = Families::ipv4;
    EXPECT_EQ(address(*make(), "alpha", kLong), kFirst);
}

TEST_F(HostResolverTest, finds_no_address_for_what_is_not_a_name) {
    const auto resolver = make();
    EXPECT_EQ(address(*resolver, "\xff\xfe", kLong), std::nullopt);
    EXPECT_EQ(address(*resolver, std::string_view("alpha\0x", 7), kLong), std::nullopt);
    EXPECT_EQ(names_->times_asked(), 0u);
}

TEST_F(HostResolverTest, peers_come_by_address_or_look_up_and_the_unknown_are_left_out) {
    settings_.peers = {{"A", "10.0.0.1"}, {"B", "b.example"}, {"C", "c.example"}, {"D", "fd00::4"}};
    settings_.families = Families::ipv4;
    names_->set("b.example", {kSecond});
    EXPECT_EQ(make()->resolve_peers(kLong), (std::vector{kFirst, kSecond}));
}

TEST_F(HostResolverTest, finds_a_peer_of_the_hosts_file_behind_any_number_of_dead_names) {
    for (int i = 0; i < 3 * kMaxLookUps; ++i) {
        const std::string host = "dead" + std::to_string(i);
        names_->hold(host);
        settings_.peers[*fold(host)] = host;
    }
    settings_.peers["ZGOOD"] = "zgood";
    in_file_["zgood"] = {{kFirst}, "zgood"};
    EXPECT_EQ(make()->resolve_peers(0ms), std::vector{kFirst});
}

// The dead names had their turn: the next belongs to a name not yet looked up.
TEST_F(HostResolverTest, asks_for_new_names_before_those_that_failed) {
    const auto resolver = make();
    const auto ask_for_all = [&](std::chrono::milliseconds wait) {
        for (int i = 0; i < 2 * kMaxLookUps; ++i) {
            address(*resolver, "dead" + std::to_string(i), wait);
        }
    };
    ask_for_all(kLong);  // an answer's lifetime begins when a call first sees it
    for (int i = 0; i < 2 * kMaxLookUps; ++i) names_->hold("dead" + std::to_string(i));
    clock_.advance(1h);
    ask_for_all(0ms);
    names_->wait_until_asked(3 * kMaxLookUps);
    names_->set("alpha", {kFirst});
    EXPECT_EQ(address(*resolver, "alpha", 0ms), std::nullopt);
    names_->let_go("dead0");
    names_->wait_until_finished(2 * kMaxLookUps + 2);
    for (int i = 0; i < 2 * kMaxLookUps; ++i) names_->let_go("dead" + std::to_string(i));
    EXPECT_EQ(address(*resolver, "alpha", kLong), kFirst);
}

// ---- Addresses that may be the host's

TEST_F(HostResolverTest, takes_the_first_answer_that_can_be_the_host) {
    names_->set("alpha", {kSix, kFirst, kSecond});
    use_ = {{to_string(kSix), AddressUse::no_route}};
    EXPECT_EQ(to("alpha"), "direct ALPHA 10.0.0.1");
    use_["10.0.0.1"] = AddressUse::this_machine;
    EXPECT_EQ(to("alpha"), "direct ALPHA 10.0.0.2");
    use_["10.0.0.2"] = AddressUse::no_host;
    EXPECT_EQ(to("alpha"), "group ALPHA ");
}

TEST_F(HostResolverTest, looks_again_whether_an_address_can_be_the_host) {
    names_->set("alpha", {kFirst});
    const auto resolver = make();
    EXPECT_EQ(address(*resolver, "alpha", kLong), kFirst);
    EXPECT_EQ(address(*resolver, "alpha", kLong), kFirst);
    EXPECT_EQ(times_checked_, 1);
    use_["10.0.0.1"] = AddressUse::this_machine;  // the address has moved here
    clock_.advance(1s);
    EXPECT_EQ(address(*resolver, "alpha", kLong), std::nullopt);
    use_.clear();
    clock_.advance(1s);
    EXPECT_EQ(address(*resolver, "alpha", kLong), kFirst);
    EXPECT_EQ(names_->times_asked(), 1u);
}

TEST_F(HostResolverTest, takes_an_own_address_where_the_name_may_be_its_own) {
    settings_.host = "alpha";
    names_->set("alpha.example.com", {kFirst});
    names_->set("alias", {kSecond}, "alpha");
    names_->set("beta", {kFirst}, "beta");
    use_ = {{"10.0.0.1", AddressUse::this_machine}, {"10.0.0.2", AddressUse::this_machine}};
    EXPECT_EQ(to("alpha.example.com"), "direct ALPHA.EXAMPLE.COM 10.0.0.1");
    EXPECT_EQ(to("alias"), "direct ALIAS+ALPHA 10.0.0.2");
    EXPECT_EQ(to("beta"), "group BETA ");
}

TEST_F(HostResolverTest, falls_back_to_the_group_for_peers_likewise) {
    settings_.peers = {{"A", "10.0.0.1"}, {"B", "10.0.0.2"}, {"C", "127.0.0.1"}, {"D", "fd01::"}};
    use_ = {{"10.0.0.1", AddressUse::this_machine},
            {"10.0.0.2", AddressUse::no_route},
            {"127.0.0.1", AddressUse::this_machine}};
    EXPECT_EQ(to("a"), "group A ");
    EXPECT_EQ(to("b"), "group B ");
    EXPECT_EQ(to("c"), "direct  127.0.0.1");
    EXPECT_EQ(to("d"), "direct  fd01::");
}

// ---- The names that a direct frame carries

TEST_F(HostResolverTest, gives_the_name_as_typed_and_the_one_it_is_an_alias_of) {
    names_->set("Alpha", {kFirst}, "alpha");
    names_->set("beta", {kFirst}, "beta.example.com");
    names_->set("www", {kFirst}, "gamma.example.com");
    names_->set("alpha.", {kFirst});
    EXPECT_EQ(to("Alpha"), "direct ALPHA 10.0.0.1") << "no alias";
    EXPECT_EQ(to("beta"), "direct BETA 10.0.0.1") << "the resolver's own domain";
    EXPECT_EQ(to("www"), "direct WWW+GAMMA.EXAMPLE.COM 10.0.0.1");
    EXPECT_EQ(to("alpha."), "direct ALPHA 10.0.0.1");
}

TEST_F(HostResolverTest, gives_a_peers_names_but_none_where_its_address_is_configured) {
    settings_.peers = {{"FILES", "srv.example.com"}, {"PRINTER", "10.0.0.2"}};
    names_->set("srv.example.com", {kFirst}, "lp-7.example.com");
    EXPECT_EQ(to("files"), "direct FILES+SRV.EXAMPLE.COM+LP-7.EXAMPLE.COM 10.0.0.1");
    EXPECT_EQ(to("printer"), "direct  10.0.0.2");
}

TEST_F(HostResolverTest, leaves_out_names_that_no_frame_has_room_for) {
    settings_.peers = {{"A", std::string(255, 'b')}};
    names_->set(std::string(255, 'b'), {kFirst});
    const std::string slot = std::string(738, 'x');  // too long only together with the names
    Address address;
    address.place = Place::named;
    address.place_text = address.place_key = "a";
    address.slot.text = slot;
    EXPECT_EQ(make()->destination(address, kLong).to, "A");
}

}  // namespace
}  // namespace mailslot
