// Questions and answers over the loopback: docs/discovery.md.
#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "carrier/testing/collect.h"
#include "carrier/testing/free_port.h"
#include "carrier/udp/udp_asker.h"
#include "carrier/udp/udp_carrier.h"
#include "os/udp_socket.h"
#include "wire/discovery.h"

namespace mailslot {
namespace {

using namespace std::chrono_literals;
using Family = IpAddress::Family;

const IpAddress kHome = IpAddress::v4(127, 0, 0, 1);
constexpr std::uint64_t kId = 77;

class UdpAskerTest : public testing::Test {
protected:
    UdpAskerTest() {
        settings_.port = free_port();
        settings_.interfaces = {"lo"};
        settings_.families = Families::ipv4;
        asker_ = UdpAsker::open(settings_).value();
    }

    void ask(const Destination& to) {
        Envelope query;
        query.slot = "LOG";
        query.from_host = "asker";
        const auto asked = asker_->ask(to, query, kId, 3);
        ASSERT_TRUE(asked) << to_string(asked.error());
    }

    // Returns the query that a machine received, and sets its source address.
    wire::Query received_by(Carrier& carrier, IpAddress& from) {
        Received all;
        EXPECT_TRUE(collect(carrier, all, 1));
        const Envelope query = all.at(0).view();
        EXPECT_EQ(query.kind, Kind::query);
        EXPECT_EQ(query.slot, "LOG");
        from = query.from_address;
        return wire::decode_query(query.payload).value();
    }

    // Waits for answers and returns the hosts of the first.
    std::vector<std::string> heard() {
        std::vector<std::string> hosts;
        const auto deadline = std::chrono::steady_clock::now() + 10s;
        while (hosts.empty() && std::chrono::steady_clock::now() < deadline) {
            asker_->wait(deadline, [&](const Envelope& e) {
                EXPECT_EQ(e.from_address, kHome);
                hosts.emplace_back(e.from_host);
            });
        }
        return hosts;
    }

    Settings settings_;
    std::unique_ptr<UdpAsker> asker_;
};

TEST_F(UdpAskerTest, hears_the_answer_which_comes_from_the_port_that_it_asked) {
    const auto machine = make_udp_carrier(settings_);
    machine->start().value();
    for (const Destination& to :
         {Destination{Scope::everybody, {}, {}}, Destination{Scope::direct, {}, kHome}}) {
        ask(to);
        IpAddress from;
        const wire::Query query = received_by(*machine, from);
        EXPECT_EQ(query.id, kId);
        EXPECT_EQ(query.first, 3u);
        Envelope answer;
        answer.kind = Kind::answer;
        answer.scope = Scope::direct;
        answer.from_host = "machine";
        answer.payload = as_bytes("any");
        const auto sent = machine->send({Scope::direct, {}, from, query.reply_port}, {&answer, 1});
        ASSERT_TRUE(sent) << to_string(sent.error());
        EXPECT_EQ(heard(), std::vector<std::string>{"machine"});
    }
    EXPECT_EQ(machine->counters().tx_datagrams, 2u);
}

TEST_F(UdpAskerTest, an_answer_leaves_from_the_port_that_is_listened_on) {
    const auto machine = make_udp_carrier(settings_);
    machine->start().value();
    auto socket = os::UdpSocket::bind(Family::v4, 0, 0).value();
    Envelope answer;
    answer.kind = Kind::answer;
    answer.scope = Scope::direct;
    answer.from_host = "machine";
    ASSERT_TRUE(machine->send({Scope::direct, {}, kHome, socket.local_port()}, {&answer, 1}));
    os::DatagramBatch batch(1, 2000);
    const auto came = socket.receive(batch);  // the loopback has delivered before send() returns
    ASSERT_EQ(came.size(), 1u);
    EXPECT_EQ(came[0].from.port, settings_.port);
}

TEST_F(UdpAskerTest, passes_over_what_is_no_answer_and_remembers_later_programs) {
    const auto machine = make_udp_carrier(settings_);
    machine->start().value();
    ask({Scope::everybody, {}, {}});
    IpAddress from;
    const wire::Query query = received_by(*machine, from);
    auto socket = os::UdpSocket::open_for_sending(Family::v4, 1).value();
    const Endpoint to{from, query.reply_port};
    for (const std::string& datagram :
         {std::string("noise"), std::string("ms\x02\x00", 4), std::string("ms\x02\x00 more", 9)}) {
        const Bytes bytes = as_bytes(datagram);
        ASSERT_EQ(socket.send({&bytes, 1}, to).sent, 1u);
    }
    while (asker_->other_versions().empty()) {
        asker_->wait(std::chrono::steady_clock::now() + 10s,
                     [](const Envelope&) { FAIL() << "that was no answer"; });
    }
    EXPECT_EQ(asker_->other_versions(), std::vector<IpAddress>{kHome});
}

}  // namespace
}  // namespace mailslot
