#include "carrier/udp/udp_writer.h"

#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "base/testing/fake_clock.h"
#include "carrier/testing/fake_carrier.h"

namespace mailslot {
namespace {

using std::chrono::microseconds;

const IpAddress kReader = IpAddress::v4(10, 0, 0, 1);

class UdpWriterTest : public testing::Test {
protected:
    explicit UdpWriterTest(std::string_view address = R"(\\*\mailslot\IN)")
        : address_(parse_address(address).value()) {
        reader_.start().value();
        settings_.host = "alpha";
        auto carrier = std::make_unique<FakeCarrier>(network_, IpAddress::v4(10, 0, 0, 2));
        carrier_ = carrier.get();
        writer_ = std::make_unique<UdpWriter>(
            WriterNeeds{.address = address_, .settings = settings_, .clock = clock_, .origin = 7},
            std::move(carrier), nullptr);
    }

    Result<std::size_t> put(const std::vector<std::string>& texts, bool at_home = false,
                            bool waits = false) {
        const std::vector<std::string_view> views(texts.begin(), texts.end());
        auto taken = writer_->put({.texts = views,
                                   .form = Format::text,
                                   .first_sequence = sequence_ + 1,
                                   .sent_at_us = clock_.unix_microseconds(),
                                   .machine_id = 5,
                                   .delivered_at_home = at_home,
                                   .waits = waits});
        if (taken) sequence_ += *taken;
        return taken;
    }
    bool hold(const std::string& text) {
        const bool held = writer_->hold(
            {sequence_ + 1, clock_.unix_microseconds(), Format::text, as_bytes(text)});
        sequence_ += held;
        return held;
    }
    // A first put is lone. Puts that follow at once are held.
    void begin_a_burst() {
        put({"lone"}).value();
        arrived();
    }
    // Returns the messages that came since the last call.
    std::vector<std::string> arrived() {
        std::vector<std::string> texts;
        reader_.receive([&](std::span<const Parcel> parcels) {
            for (const Parcel& parcel : parcels) {
                parcel.for_each([&](const Envelope& message) { note(message, texts); });
            }
        });
        return texts;
    }
    void note(const Envelope& envelope, std::vector<std::string>& texts) {
        if (envelope.kind == Kind::end) {
            texts.push_back("END " + std::to_string(envelope.sequence));
            return;
        }
        texts.emplace_back(as_text(envelope.payload));
        last_sent_at_us_ = envelope.sent_at_us;
        last_at_home_ = envelope.delivered_at_home;
        last_age_ms_ = envelope.origin_age_ms;
        EXPECT_GT(envelope.sequence, last_sequence_);
        if (envelope.kind == Kind::message) last_sequence_ = envelope.sequence;
    }
    using Texts = std::vector<std::string>;
    static std::string joined(const Texts& texts) {
        std::string all;
        for (const std::string& text : texts) all += text;
        return all;
    }

    const Address address_;
    Settings settings_;
    FakeClock clock_;
    FakeNetwork network_;
    FakeCarrier reader_{network_, kReader};
    FakeCarrier* carrier_ = nullptr;
    std::unique_ptr<UdpWriter> writer_;
    std::uint64_t sequence_ = 0, last_sequence_ = 0;
    std::int64_t last_sent_at_us_ = 0;
    bool last_at_home_ = false;
    std::uint32_t last_age_ms_ = 0;
};

class UdpWriterToOneTest : public UdpWriterTest {
protected:
    UdpWriterToOneTest() : UdpWriterTest(R"(\\10.0.0.1\mailslot\IN)") {}
};

TEST_F(UdpWriterTest, sends_a_lone_message_at_once) {
    put({"one"}).value();
    EXPECT_EQ(arrived(), Texts{"one"});
    EXPECT_FALSE(writer_->due());
    clock_.advance(kCloseTime + microseconds(1));
    put({"two"}).value();
    EXPECT_EQ(arrived(), Texts{"two"});
}

TEST_F(UdpWriterTest, grows_older_while_the_machine_sleeps) {
    put({"one"}).value();
    EXPECT_EQ(arrived(), Texts{"one"});
    EXPECT_EQ(last_age_ms_, 0u);
    clock_.sleep(std::chrono::hours(1));
    clock_.advance(std::chrono::seconds(2));
    put({"two"}).value();
    EXPECT_EQ(arrived(), Texts{"two"});
    EXPECT_EQ(last_age_ms_, 3'602'000u);
}

TEST_F(UdpWriterTest, holds_what_follows_closely_until_it_is_due) {
    begin_a_burst();
    clock_.advance(kCloseTime);
    put({"two"}).value();
    EXPECT_EQ(writer_->due(), clock_.now() + kHoldTime);
    clock_.advance(microseconds(1));
    EXPECT_TRUE(hold("three"));
    EXPECT_EQ(arrived(), Texts{});
    writer_->flush();
    EXPECT_EQ(arrived(), (Texts{"two", "three"}));
    EXPECT_EQ(last_sent_at_us_, clock_.unix_microseconds());
    EXPECT_FALSE(writer_->due());
}

TEST_F(UdpWriterTest, sends_what_is_held_before_a_lone_message) {
    begin_a_burst();
    put({"two"}).value();
    clock_.advance(kHoldTime / 2);
    EXPECT_FALSE(hold("three"));
    put({"three"}).value();
    EXPECT_EQ(arrived(), (Texts{"two", "three"}));
}

TEST_F(UdpWriterTest, holds_nothing_longer_than_the_hold_time_while_messages_keep_coming) {
    begin_a_burst();
    const auto begun = clock_.now();
    std::size_t came = 0;
    for (int i = 0; i < 1000 && came == 0; ++i) {
        if (!hold("x")) put({"x"}).value();
        came = arrived().size();
        clock_.advance(microseconds(5));
    }
    EXPECT_GT(came, 50u);
    EXPECT_LE(clock_.now() - begun, kHoldTime + microseconds(10));
}

TEST_F(UdpWriterTest, sends_a_piece_when_it_is_full) {
    begin_a_burst();
    std::size_t put_so_far = 0, came = 0;
    while (came == 0) {
        if (!hold(std::string(100, 'x'))) put({std::string(100, 'x')}).value();
        ++put_so_far;
        came = arrived().size();
        ASSERT_LT(put_so_far, 1000u);
    }
    EXPECT_EQ(came, put_so_far - 1);
    EXPECT_TRUE(writer_->due());
}

TEST_F(UdpWriterTest, keeps_the_order_around_a_message_larger_than_a_piece) {
    begin_a_burst();
    put({"small"}).value();
    const std::string large(100'000, 'L');
    EXPECT_FALSE(hold(large));
    put({large}).value();
    put({"after"}).value();
    writer_->flush();
    const Texts got = arrived();
    EXPECT_EQ(got.front(), "small");
    EXPECT_EQ(got.back(), "after");
    EXPECT_EQ(joined(got), "small" + large + "after");
}

TEST_F(UdpWriterTest, holds_a_message_in_parts_like_a_small_one) {
    begin_a_burst();
    put({"small"}).value();
    const std::string large(5000, 'L');
    EXPECT_TRUE(hold(large));
    put({"after"}).value();
    EXPECT_TRUE(arrived().empty());
    writer_->flush();
    const Texts got = arrived();
    ASSERT_EQ(got.size(), 7u);
    EXPECT_EQ(got.front(), "small");
    EXPECT_EQ(got.back(), "after");
    std::string whole;
    for (std::size_t i = 1; i < 6; ++i) whole += got[i];
    EXPECT_EQ(whole, large);
}

TEST_F(UdpWriterTest, sends_what_is_held_before_messages_with_other_marks) {
    begin_a_burst();
    put({"not here"}, false).value();
    put({"here too"}, true).value();
    EXPECT_EQ(arrived(), Texts{"not here"});
    EXPECT_FALSE(last_at_home_);
    writer_->flush();
    EXPECT_EQ(arrived(), Texts{"here too"});
    EXPECT_TRUE(last_at_home_);
}

TEST_F(UdpWriterTest, holds_a_put_of_many_that_follows_closely_but_what_fills_pieces) {
    const Texts many(2000, std::string(100, 'x'));
    EXPECT_EQ(put(many).value(), 2000u);
    EXPECT_EQ(arrived().size(), 2000u);  // lone
    EXPECT_EQ(put(many).value(), 2000u);
    const std::size_t came = arrived().size();
    EXPECT_GT(came, 1400u);
    EXPECT_LT(came, 2000u);
    writer_->flush();
    EXPECT_EQ(came + arrived().size(), 2000u);
}

TEST_F(UdpWriterTest, says_the_end_behind_all_that_was_held) {
    begin_a_burst();
    put({"two"}).value();
    writer_->end(sequence_ + 1);
    EXPECT_EQ(arrived(), (Texts{"two", "END 3", "END 3", "END 3"}));
}

TEST_F(UdpWriterTest, says_no_end_of_nothing) {
    writer_->end(1);
    EXPECT_EQ(arrived(), Texts{});
}

TEST_F(UdpWriterTest, learns_that_holding_is_not_worth_it_and_unlearns_it_with_a_full_piece) {
    // Two programs that answer each other faster than kCloseTime: held messages wait for the clock.
    int held = 0;
    for (int i = 0; i < 1000; ++i) {
        put({"ping"}).value();
        if (writer_->due()) {
            ++held;
            clock_.advance(kHoldTime);
            writer_->flush();  // as the flusher would
        }
    }
    EXPECT_LE(held, 12);
    arrived();
    // A stream.
    std::size_t lone = 0;
    for (int i = 0; i < 2000; ++i) {
        if (!hold(std::string(100, 'x'))) put({std::string(100, 'x')}).value();
        lone += !writer_->due();
    }
    EXPECT_LE(lone, static_cast<std::size_t>(kMostCloseness));
    writer_->flush();
    clock_.advance(std::chrono::seconds(1));
    put({"lone"}).value();
    put({"held"}).value();
    EXPECT_TRUE(writer_->due());
}

TEST_F(UdpWriterTest, sends_at_once_when_the_clock_is_set_back) {
    begin_a_burst();
    clock_.set_wall_back(std::chrono::hours(1));
    put({"two"}).value();
    EXPECT_EQ(arrived(), Texts{"two"});
}

TEST_F(UdpWriterTest, holds_nothing_when_it_must_not) {
    begin_a_burst();
    writer_->hold_nothing();
    put({"two"}).value();
    put({"three"}).value();
    EXPECT_EQ(arrived(), (Texts{"two", "three"}));
}

TEST_F(UdpWriterToOneTest, tells_at_once_what_a_lone_message_met) {
    carrier_->fail_after(0, Errc::unreachable);
    EXPECT_EQ(put({"one"}).error().code, Errc::unreachable);
    EXPECT_FALSE(writer_->take_late_error());
}

TEST_F(UdpWriterToOneTest, tells_later_what_held_messages_met_once_and_then_sends_at_once) {
    begin_a_burst();
    put({"two"}).value();
    carrier_->fail_after(0, Errc::unreachable);
    writer_->flush();
    EXPECT_FALSE(hold("three"));
    EXPECT_EQ(writer_->take_late_error()->code, Errc::unreachable);
    EXPECT_FALSE(writer_->take_late_error());
    EXPECT_EQ(put({"three"}).error().code, Errc::unreachable);
    carrier_->fail_after(SIZE_MAX);
    put({"four"}).value();
    EXPECT_EQ(arrived(), Texts{"four"});
    put({"five"}).value();  // the clock had to send "two"
    put({"six"}).value();
    EXPECT_TRUE(writer_->due());
}

TEST_F(UdpWriterTest, counts_what_nobody_got_as_put_and_so_not_as_half_sent) {
    carrier_->fail_after(0);
    EXPECT_EQ(put({std::string(100'000, 'L')}).value(), 1u);
    EXPECT_FALSE(writer_->has_used_next());
}

TEST_F(UdpWriterToOneTest, tells_when_parts_of_the_next_message_have_left) {
    writer_->hold_nothing();
    const Texts texts{"small", std::string(5000, 'L'), "after"};
    const struct {
        std::size_t frames;
        bool is_half_sent;
    } cases[] = {{1, false}, {2, true}, {5, true}};
    for (const auto& [frames, is_half_sent] : cases) {
        SCOPED_TRACE(frames);
        carrier_->fail_after(frames);
        EXPECT_EQ(put(texts).value(), 1u);
        EXPECT_EQ(writer_->has_used_next(), is_half_sent);
        ++sequence_;
    }
    carrier_->fail_after(6);
    EXPECT_EQ(put(texts).value(), 2u);
    EXPECT_FALSE(writer_->has_used_next());
    ++sequence_;
    carrier_->fail_after(SIZE_MAX);
    EXPECT_EQ(put(texts).value(), 3u);
    EXPECT_FALSE(writer_->has_used_next());
}

TEST_F(UdpWriterToOneTest, tells_how_many_of_a_lone_put_left) {
    carrier_->fail_after(100, Errc::no_resources);
    const auto taken = put(Texts(1000, std::string(100, 'x')));
    ASSERT_TRUE(taken);
    EXPECT_GT(*taken, 80u);  // whole datagrams
    EXPECT_LE(*taken, 100u);
    EXPECT_EQ(arrived().size(), *taken);
}

TEST_F(UdpWriterTest, is_told_that_nothing_left) {
    carrier_->fail_after(0, Errc::unreachable);
    EXPECT_EQ(put({"one"}).error().code, Errc::unreachable);
    EXPECT_EQ(put({std::string(100'000, 'L')}).error().code, Errc::unreachable);
    carrier_->fail_after(SIZE_MAX);
    EXPECT_TRUE(put({"two"}));
    EXPECT_EQ(arrived(), Texts{"two"});
}

TEST_F(UdpWriterTest, is_told_later_that_nothing_of_what_was_held_left) {
    begin_a_burst();
    put({"two", "three"}).value();
    carrier_->fail_after(0, Errc::unreachable);
    writer_->flush();
    EXPECT_EQ(writer_->departures().messages_lost, 2u);
    const auto late = writer_->take_late_error();
    ASSERT_TRUE(late);
    EXPECT_EQ(late->code, Errc::unreachable);
    EXPECT_STREQ(late->step, "send earlier messages");
    EXPECT_EQ(late->reason, Reason::earlier_messages);
}

TEST_F(UdpWriterTest, is_content_with_the_slot_here) {
    carrier_->fail_after(0, Errc::unreachable);
    EXPECT_TRUE(put({"one"}, true));
    EXPECT_TRUE(put({std::string(100'000, 'L')}, true));
    EXPECT_EQ(writer_->departures().messages_lost, 0u);
}

TEST_F(UdpWriterTest, counts_what_it_drops_for_want_of_room_and_is_told_nothing) {
    carrier_->fail_after(0);
    EXPECT_TRUE(put({"one"}));
    EXPECT_TRUE(put({std::string(100'000, 'L')}));
    EXPECT_EQ(writer_->departures().messages_lost, 2u);
}

class UdpWriterThatWaits : public UdpWriterTest {
protected:
    Result<std::size_t> put_waiting(const Texts& texts) { return put(texts, false, true); }
};

TEST_F(UdpWriterThatWaits, loses_nothing_and_takes_no_more_until_there_is_room) {
    carrier_->fail_after(0);
    EXPECT_EQ(put_waiting({"one"}).value(), 1u);  // waits in the backlog
    EXPECT_EQ(writer_->due(), clock_.now() + kRoomRetry);
    EXPECT_EQ(put_waiting({"two"}).error().code, Errc::no_resources);
    EXPECT_TRUE(writer_->wants_room());
    EXPECT_EQ(arrived(), Texts{});
    carrier_->fail_after(SIZE_MAX);
    EXPECT_EQ(put_waiting({"two"}).value(), 1u);
    EXPECT_FALSE(writer_->wants_room());
    writer_->flush();  // held, since it was close
    EXPECT_EQ(arrived(), (Texts{"one", "two"}));
    EXPECT_FALSE(writer_->due());
    EXPECT_EQ(writer_->departures().messages_lost, 0u);
}

TEST_F(UdpWriterThatWaits, goes_on_in_the_middle_of_a_large_message) {
    const std::string large(300'000, 'L');
    carrier_->fail_after(100);
    EXPECT_EQ(put_waiting({large}).value(), 1u);
    std::string got = joined(arrived());
    EXPECT_LT(got.size(), large.size());
    carrier_->fail_after(50);
    writer_->flush();
    EXPECT_TRUE(writer_->wants_room());
    carrier_->fail_after(SIZE_MAX);
    writer_->flush();
    EXPECT_FALSE(writer_->wants_room());
    got += joined(arrived());
    EXPECT_EQ(got, large);
    EXPECT_EQ(put_waiting({"after"}).value(), 1u);
    writer_->flush();
    EXPECT_EQ(arrived(), Texts{"after"});
}

TEST_F(UdpWriterThatWaits, counts_a_large_message_of_which_only_the_end_is_missing) {
    carrier_->fail_after(80);  // 88 parts
    EXPECT_EQ(put_waiting({std::string(100'000, 'L')}).value(), 1u);
    carrier_->fail_after(0, Errc::unreachable);
    writer_->flush();
    EXPECT_EQ(writer_->departures().messages_lost, 1u);
    EXPECT_FALSE(writer_->due());
}

TEST_F(UdpWriterThatWaits, keeps_the_order_of_what_was_held_and_what_waits) {
    begin_a_burst();
    put_waiting({"two"}).value();
    carrier_->fail_after(0);
    writer_->flush();  // as the flusher would
    EXPECT_TRUE(writer_->wants_room());
    EXPECT_FALSE(put_waiting({"three"}));
    carrier_->fail_after(SIZE_MAX);
    put_waiting({"three"}).value();
    writer_->flush();
    EXPECT_EQ(arrived(), (Texts{"two", "three"}));
}

TEST_F(UdpWriterThatWaits, takes_a_network_that_goes_for_a_gap) {
    carrier_->fail_after(0);
    put_waiting({"one"}).value();
    carrier_->fail_after(0, Errc::unreachable);
    writer_->flush();
    EXPECT_EQ(writer_->departures().messages_lost, 1u);
    EXPECT_FALSE(writer_->due());
    EXPECT_EQ(writer_->take_late_error()->code, Errc::unreachable);
}

TEST_F(UdpWriterThatWaits, lets_others_without_patience_drop) {
    carrier_->fail_after(0);
    put_waiting({"one"}).value();
    EXPECT_EQ(put({"dropped"}).value(), 1u);
    EXPECT_FALSE(writer_->wants_room());
    EXPECT_EQ(writer_->departures().messages_lost, 1u);
    carrier_->fail_after(SIZE_MAX);
    put({"two"}).value();
    writer_->flush();
    EXPECT_EQ(arrived(), (Texts{"one", "two"}));
}

}  // namespace
}  // namespace mailslot
