#include "carrier/udp/host_resolver.h"

#include <gtest/gtest.h>

#include <condition_variable>
#include <future>
#include <map>
#include <memory>
#include <mutex>
#include <set>

#include "base/testing/fake_clock.h"

namespace mailslot {
namespace {

using namespace std::chrono_literals;

constexpr std::chrono::milliseconds kLong = 1h;  // an answer ends the wait, never the time

const IpAddress kFirst = IpAddress::v4(10, 0, 0, 1);
const IpAddress kSecond = IpAddress::v4(10, 0, 0, 2);
const IpAddress kSix{IpAddress::Family::v6, {0xfd, 1}, 0};

// A resolver that answers when the test lets it. Shared with look-ups that outlive the test's
// objects.
struct SlowNames {
    std::mutex mutex;
    std::condition_variable changed;
    std::map<std::string, std::vector<IpAddress>> known;
    std::set<std::string> held;
    std::vector<std::string> asked;
    int finished = 0;

    std::vector<IpAddress> look_up(const std::string& host) {
        std::unique_lock lock(mutex);
        asked.push_back(host);
        changed.notify_all();
        changed.wait(lock, [&] { return !held.contains(host); });
        ++finished;
        changed.notify_all();
        return known[host];
    }
    void set(const std::string& host, std::vector<IpAddress> addresses) {
        const std::lock_guard lock(mutex);
        known[host] = std::move(addresses);
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

class HostResolverTest : public testing::Test {
protected:
    std::unique_ptr<HostResolver> make() {
        return std::make_unique<HostResolver>(
            settings_, clock_,
            [names = names_](const std::string& host) { return names->look_up(host); });
    }

    Settings settings_;
    FakeClock clock_;
    std::shared_ptr<SlowNames> names_ = std::make_shared<SlowNames>();
};

TEST_F(HostResolverTest, takes_a_configured_peers_address_without_asking) {
    settings_.peers["FILESRV"] = "10.0.0.1";
    EXPECT_EQ(make()->resolve("FileSrv", 0ms), kFirst);
    EXPECT_EQ(names_->times_asked(), 0u);
}

TEST_F(HostResolverTest, looks_up_a_configured_peers_dns_name) {
    settings_.peers["FILESRV"] = "files.example.org";
    names_->set("files.example.org", {kFirst});
    EXPECT_EQ(make()->resolve("filesrv", kLong), kFirst);
}

TEST_F(HostResolverTest, remembers_an_address_for_a_minute_whatever_the_case) {
    names_->set("alpha", {kFirst});
    const auto resolver = make();
    EXPECT_EQ(resolver->resolve("alpha", kLong), kFirst);
    clock_.advance(50s);
    EXPECT_EQ(resolver->resolve("ALPHA", 0ms), kFirst);
    EXPECT_EQ(names_->times_asked(), 1u);
    names_->set("alpha", {kSecond});
    clock_.advance(11s);
    EXPECT_EQ(resolver->resolve("alpha", kLong), kSecond);
    EXPECT_EQ(names_->times_asked(), 2u);
}

TEST_F(HostResolverTest, remembers_for_ten_seconds_that_there_is_no_such_host) {
    const auto resolver = make();
    EXPECT_EQ(resolver->resolve("nobody", kLong), std::nullopt);
    names_->set("nobody", {kFirst});
    clock_.advance(9s);
    EXPECT_EQ(resolver->resolve("nobody", kLong), std::nullopt);
    EXPECT_EQ(names_->times_asked(), 1u);
    clock_.advance(2s);
    EXPECT_EQ(resolver->resolve("nobody", kLong), kFirst);
}

TEST_F(HostResolverTest, gives_up_waiting_and_finds_the_late_answer_in_a_later_call) {
    names_->set("slow", {kFirst});
    names_->hold("slow");
    const auto resolver = make();
    EXPECT_EQ(resolver->resolve("slow", 0ms), std::nullopt);
    auto second = std::async([&] { return resolver->resolve("slow", kLong); });
    names_->let_go("slow");
    EXPECT_EQ(second.get(), kFirst);
    EXPECT_EQ(names_->times_asked(), 1u);
}

TEST_F(HostResolverTest, waits_once_for_a_look_up_and_not_for_each_message) {
    names_->hold("slow");
    const auto resolver = make();
    EXPECT_EQ(resolver->resolve("slow", 0ms), std::nullopt);
    clock_.advance(1h);
    EXPECT_EQ(resolver->resolve("slow", 1h), std::nullopt);  // would wait an hour
    names_->let_go("slow");
}

TEST_F(HostResolverTest, keeps_the_old_address_while_a_new_look_up_is_slow) {
    names_->set("alpha", {kFirst});
    const auto resolver = make();
    EXPECT_EQ(resolver->resolve("alpha", kLong), kFirst);
    names_->hold("alpha");
    clock_.advance(61s);
    EXPECT_EQ(resolver->resolve("alpha", 0ms), kFirst);
    names_->let_go("alpha");
}

TEST_F(HostResolverTest, can_be_destroyed_while_a_look_up_is_under_way) {
    names_->hold("slow");
    auto resolver = make();
    EXPECT_EQ(resolver->resolve("slow", 0ms), std::nullopt);
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
        EXPECT_EQ(resolver->resolve(host, 0ms), std::nullopt);
    }
    names_->wait_until_asked(kMaxLookUps);
    names_->set("alpha", {kFirst});
    EXPECT_EQ(resolver->resolve("alpha", kLong), std::nullopt);
    for (int i = 0; i < kMaxLookUps; ++i) names_->let_go("slow" + std::to_string(i));
    EXPECT_EQ(resolver->resolve("slow0", kLong), std::nullopt);
    EXPECT_EQ(resolver->resolve("alpha", kLong), kFirst);
}

TEST_F(HostResolverTest, forgets_the_hosts_asked_for_longest_ago_when_there_are_many) {
    const auto resolver = make();
    for (std::size_t i = 0; i < kMaxResolvedHosts; ++i) {
        resolver->resolve("host" + std::to_string(i), kLong);
        clock_.advance(1us);
    }
    resolver->resolve("one more", kLong);
    const std::size_t asked = names_->times_asked();
    EXPECT_EQ(asked, kMaxResolvedHosts + 1);
    resolver->resolve("host255", kLong);
    EXPECT_EQ(names_->times_asked(), asked);
    resolver->resolve("host0", kLong);
    EXPECT_EQ(names_->times_asked(), asked + 1);
}

TEST_F(HostResolverTest, takes_the_first_address_of_a_family_that_the_settings_allow) {
    names_->set("alpha", {kSix, kFirst, kSecond});
    EXPECT_EQ(make()->resolve("alpha", kLong), kSix);
    settings_.families = Families::ipv4;
    EXPECT_EQ(make()->resolve("alpha", kLong), kFirst);
}

TEST_F(HostResolverTest, finds_no_address_for_what_is_not_a_name) {
    const auto resolver = make();
    EXPECT_EQ(resolver->resolve("\xff\xfe", kLong), std::nullopt);
    EXPECT_EQ(resolver->resolve(std::string_view("alpha\0x", 7), kLong), std::nullopt);
    EXPECT_EQ(names_->times_asked(), 0u);
}

TEST(HostResolverPeers, come_by_address_or_look_up_and_the_unknown_are_left_out) {
    Settings settings;
    settings.peers = {{"A", "10.0.0.1"}, {"B", "b.example"}, {"C", "c.example"}, {"D", "fd00::4"}};
    settings.families = Families::ipv4;
    const SystemClock clock;
    HostResolver resolver(settings, clock, [](const std::string& host) {
        return host == "b.example" ? std::vector{IpAddress::v4(10, 0, 0, 2)}
                                   : std::vector<IpAddress>();
    });
    const std::vector expected{IpAddress::v4(10, 0, 0, 1), IpAddress::v4(10, 0, 0, 2)};
    EXPECT_EQ(resolver.resolve_peers(std::chrono::seconds(60)), expected);
}

}  // namespace
}  // namespace mailslot
