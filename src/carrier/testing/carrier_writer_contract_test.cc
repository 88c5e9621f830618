// The promises of the writing half of every carrier. To add a carrier, write a World and add a line
// at the end.
#include <gtest/gtest.h>
#include <poll.h>

#include <algorithm>
#include <memory>
#include <stdexcept>
#include <string>
#include <vector>

#include "carrier/flusher.h"
#include "carrier/netbios/netbios_carrier.h"
#include "carrier/netbios/netbios_writer.h"
#include "carrier/testing/collect.h"
#include "carrier/testing/fake_carrier.h"
#include "carrier/testing/fake_writer.h"
#include "carrier/testing/free_port.h"
#include "carrier/udp/udp_carrier.h"
#include "carrier/udp/udp_writer.h"
#include "carrier/writer_group.h"
#include "wire/smb_mailslot.h"

namespace mailslot {
namespace {

// A reading machine and its writers.
class World {
public:
    virtual ~World() = default;
    virtual Settings settings() const = 0;
    // Returns a carrier that hears all that is sent from now on.
    virtual std::unique_ptr<Carrier> make_reader(const Settings& settings) = 0;
    virtual std::unique_ptr<CarrierWriter> make_writer(const WriterNeeds& needs) = 0;
    virtual std::size_t most_bytes() const { return kMaxNetworkMessageBytes; }
    virtual bool has_ends() const { return true; }
};

class FakeWorld : public World {
public:
    Settings settings() const override {
        Settings settings;
        settings.host = "alpha";
        return settings;
    }
    std::unique_ptr<Carrier> make_reader(const Settings&) override {
        auto reader = std::make_unique<FakeCarrier>(network_, IpAddress::v4(10, 0, 0, 1));
        reader->start().value();
        return reader;
    }
    std::unique_ptr<CarrierWriter> make_writer(const WriterNeeds& needs) override {
        return std::make_unique<FakeWriter>(needs, network_, IpAddress::v4(10, 0, 0, 2));
    }

protected:
    FakeNetwork network_;
};

// The main carrier is heard, the other is not.
class GroupWorld final : public FakeWorld {
public:
    std::unique_ptr<CarrierWriter> make_writer(const WriterNeeds& needs) override {
        WriterGroup::Writers writers;
        writers.push_back(FakeWorld::make_writer(needs));
        writers.push_back(
            std::make_unique<FakeWriter>(needs, elsewhere_, IpAddress::v4(10, 0, 0, 2)));
        return std::make_unique<WriterGroup>(std::move(writers));
    }

private:
    FakeNetwork elsewhere_;
};

class UdpWorld final : public World {
public:
    Settings settings() const override {
        Settings settings;
        settings.host = "alpha";
        settings.port = port_;
        settings.interfaces = {"lo"};
        return settings;
    }
    std::unique_ptr<Carrier> make_reader(const Settings& settings) override {
        auto reader = make_udp_carrier(settings);
        reader->start().value();
        return reader;
    }
    std::unique_ptr<CarrierWriter> make_writer(const WriterNeeds& needs) override {
        return make_udp_writer(needs);
    }

private:
    const std::uint16_t port_ = free_port();
};

class NetbiosWorld final : public World {
public:
    Settings settings() const override {
        Settings settings;
        settings.host = "alpha";
        settings.interfaces = {"lo"};
        settings.classic.workgroup = "LAB";
        return settings;
    }
    // Claiming names takes most of a second.
    std::unique_ptr<Carrier> make_reader(const Settings& settings) override {
        Settings of_reader = settings;
        of_reader.host = "beta";
        auto reader = make_netbios_carrier(of_reader, ports_);
        reader->start().value();
        const auto names = [&reader] {
            for (const FurtherCounter& counter : reader->further_counters()) {
                if (counter.name == "netbios_names") return counter.count;
            }
            return std::uint64_t{0};
        };
        while (names() < 4) {
            pollfd readable{os::to_number(reader->poll_fd()), POLLIN, 0};
            if (::poll(&readable, 1, 5000) != 1) throw std::runtime_error("no names");
            reader->receive([](auto) {});
        }
        return reader;
    }
    std::unique_ptr<CarrierWriter> make_writer(const WriterNeeds& needs) override {
        return std::make_unique<NetbiosWriter>(needs, ports_);
    }
    std::size_t most_bytes() const override { return wire::max_classic_message_bytes("IN"); }
    bool has_ends() const override { return false; }

private:
    const NetbiosPorts ports_{free_port(), free_port()};
};

template <class T>
std::unique_ptr<World> make_world() {
    return std::make_unique<T>();
}

struct Row {
    const char* name;
    std::unique_ptr<World> (*make)();
};

using Texts = std::vector<std::string>;

class CarrierWriterContract : public testing::TestWithParam<Row> {
protected:
    Result<std::size_t> put(const Texts& texts) {
        const std::vector<std::string_view> views(texts.begin(), texts.end());
        const auto taken = writer_->put({.texts = views,
                                         .form = Format::text,
                                         .first_sequence = sequence_ + 1,
                                         .sent_at_us = clock_.unix_microseconds()});
        if (taken) sequence_ += *taken;
        return taken;
    }
    bool hold(const std::string& text) {
        const bool held = writer_->hold(
            {sequence_ + 1, clock_.unix_microseconds(), Format::text, as_bytes(text)});
        sequence_ += held;
        return held;
    }
    Result<std::size_t> fit(const Texts& texts) {
        const std::vector<std::string_view> views(texts.begin(), texts.end());
        return writer_->how_many_fit(views, Format::text);
    }
    Received receive(std::size_t count) {
        Received received;
        EXPECT_TRUE(collect(*reader_, received, count));
        return received;
    }
    static Texts texts_of(const Received& received) {
        Texts texts;
        for (const OwnedEnvelope& one : received) texts.push_back(one.payload());
        return texts;
    }

    const std::unique_ptr<World> world_ = GetParam().make();
    const Settings settings_ = world_->settings();
    const Address address_ = parse_address(R"(\\*\mailslot\IN)").value();
    const SystemClock clock_{};
    const std::unique_ptr<Carrier> reader_ = world_->make_reader(settings_);
    const std::unique_ptr<CarrierWriter> writer_ = world_->make_writer(
        {.address = address_, .settings = settings_, .clock = clock_, .origin = 7});
    std::uint64_t sequence_ = 0;
};

TEST_P(CarrierWriterContract, brings_the_messages_of_a_put_with_slot_origin_and_numbers) {
    EXPECT_EQ(put({"one", "", "three"}).value(), 3u);
    EXPECT_EQ(put({"four"}).value(), 1u);
    writer_->flush();
    const Received received = receive(4);
    EXPECT_EQ(texts_of(received), (Texts{"one", "", "three", "four"}));
    for (std::size_t i = 0; i < received.size(); ++i) {
        const Envelope got = received[i].view();
        EXPECT_EQ(got.kind, Kind::message);
        EXPECT_EQ(got.slot, "IN");
        EXPECT_EQ(got.origin, 7u);
        EXPECT_EQ(got.sequence, i + 1);
        EXPECT_EQ(got.trust, Trust::none);
    }
}

TEST_P(CarrierWriterContract, tells_how_many_fit_and_at_least_one) {
    const std::string most(world_->most_bytes(), 'x');
    EXPECT_EQ(fit({most}).value(), 1u);
    EXPECT_EQ(fit({"a", "b", most + "x", "c"}).value(), 2u);
    const auto refused = fit({most + "x", "a"});
    ASSERT_FALSE(refused);
    EXPECT_EQ(refused.error().code, Errc::message_too_big);
}

TEST_P(CarrierWriterContract, brings_the_largest_message_that_fits_a_datagram_or_several) {
    const std::string text(std::min<std::size_t>(world_->most_bytes(), 20'000), 'x');
    EXPECT_EQ(put({text}).value(), 1u);
    writer_->flush();
    Received received;
    const auto is_whole = [&](const Received& all) {
        return assemble(all, 1).payload.size() == text.size();
    };
    EXPECT_TRUE(collect_until(*reader_, received, is_whole));
    EXPECT_EQ(assemble(received, 1).fault, "");
    EXPECT_TRUE(assemble(received, 1).payload == text);
}

TEST_P(CarrierWriterContract, holds_nothing_without_saying_until_when) {
    EXPECT_FALSE(writer_->due());
    put({"lone"}).value();
    Texts expected{"lone"};
    for (int i = 0; i < 200; ++i) {
        const std::string text = "message " + std::to_string(i);
        if (!hold(text)) {
            put({text}).value();
        } else {
            ASSERT_TRUE(writer_->due());
            EXPECT_LE(*writer_->due(), clock_.now() + kHoldTime);
        }
        expected.push_back(text);
    }
    writer_->flush();
    EXPECT_FALSE(writer_->due());
    EXPECT_EQ(texts_of(receive(expected.size())), expected);
}

TEST_P(CarrierWriterContract, sends_what_is_held_when_it_is_due) {
    put({"lone"}).value();
    bool held = false;
    for (int i = 0; i < 100 && !held; ++i) {
        held = hold("held");
        if (!held) put({"more"}).value();
    }
    if (writer_->due()) writer_->send_held();
    EXPECT_FALSE(writer_->due());
    EXPECT_EQ(receive(sequence_).size(), sequence_);
}

TEST_P(CarrierWriterContract, sends_at_once_when_it_must_hold_nothing) {
    writer_->hold_nothing();
    for (int i = 0; i < 20; ++i) {
        put({"message"}).value();
        EXPECT_FALSE(writer_->due());
        EXPECT_FALSE(hold("never"));
    }
    EXPECT_EQ(receive(20).size(), 20u);
}

TEST_P(CarrierWriterContract, has_nothing_to_complain_of_where_all_goes_well) {
    put({"one", "two"}).value();
    EXPECT_FALSE(writer_->has_used_next());
    EXPECT_FALSE(writer_->wants_room());
    writer_->flush();
    EXPECT_FALSE(writer_->wants_room());
    EXPECT_FALSE(writer_->take_late_error());
    EXPECT_EQ(writer_->departures().messages_lost, 0u);
}

TEST_P(CarrierWriterContract, sends_what_is_held_before_it_says_the_end) {
    put({"one"}).value();
    if (!hold("two")) put({"two"}).value();
    writer_->end(sequence_ + 1);
    EXPECT_FALSE(writer_->due());
    const Received received = receive(world_->has_ends() ? 3 : 2);
    ASSERT_GE(received.size(), 2u);
    EXPECT_EQ(received[0].payload(), "one");
    EXPECT_EQ(received[1].payload(), "two");
    if (!world_->has_ends()) return;
    ASSERT_GE(received.size(), 3u);
    EXPECT_EQ(received[2].view().kind, Kind::end);
    EXPECT_EQ(received[2].view().sequence, 3u);
}

INSTANTIATE_TEST_SUITE_P(All, CarrierWriterContract,
                         testing::Values(Row{"fake", make_world<FakeWorld>},
                                         Row{"group", make_world<GroupWorld>},
                                         Row{"udp", make_world<UdpWorld>},
                                         Row{"netbios", make_world<NetbiosWorld>}),
                         [](const auto& row) { return row.param.name; });

}  // namespace
}  // namespace mailslot
