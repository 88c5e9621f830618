// A post office with one open slot, LOG, and small limits; and envelopes for that slot.
#pragma once

#include <gtest/gtest.h>

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "base/testing/fake_clock.h"
#include "post/post_office.h"
#include "post/testing/recording_slots.h"

namespace mailslot::post {

using namespace std::chrono_literals;

inline constexpr std::uint64_t kHome = 0x1111, kAway = 0x2222;

inline Envelope message(std::uint64_t sequence, std::string_view text = "hello",
                        std::uint64_t origin = 7) {
    return {.slot = "Log",
            .from_host = "box",
            .machine_id = kAway,
            .origin = origin,
            .sequence = sequence,
            .payload = as_bytes(text)};
}

inline Envelope end(std::uint64_t sequence, std::uint64_t origin = 7) {
    Envelope envelope = message(sequence, "", origin);
    envelope.kind = Kind::end;
    return envelope;
}

inline Envelope part(std::uint64_t sequence, std::string_view whole, std::uint32_t number,
                     std::uint16_t chunk = 2, std::uint64_t origin = 7) {
    Envelope envelope = message(sequence, whole.substr(number * chunk, chunk), origin);
    envelope.kind = Kind::fragment;
    envelope.total_bytes = static_cast<std::uint32_t>(whole.size());
    envelope.offset = number * chunk;
    envelope.chunk_bytes = chunk;
    return envelope;
}

inline Envelope aged(Envelope envelope, std::chrono::milliseconds age) {
    envelope.origin_age_ms = static_cast<std::uint32_t>(age.count());
    return envelope;
}

class PostOfficeTest : public testing::Test {
protected:
    PostOfficeTest() { office_.slot_opened("LOG"); }

    void deliver(const std::vector<Envelope>& arrived) { deliver_each(office_, arrived); }
    std::vector<std::uint64_t> sequences() const {
        std::vector<std::uint64_t> all;
        for (const auto& got : slots_.got) all.push_back(got.sequence);
        return all;
    }
    std::vector<std::uint64_t> lost_before() const {
        std::vector<std::uint64_t> all;
        for (const auto& got : slots_.got) all.push_back(got.lost_before);
        return all;
    }
    Losses lost() const {
        EXPECT_EQ(office_.counters("LOG").lost, office_.counters().lost);
        return office_.counters("LOG").lost;
    }
    SenderCounters only_sender() const { return all_senders(office_, "LOG").at(0); }

    using Numbers = std::vector<std::uint64_t>;
    FakeClock clock_;
    RecordingSlots slots_;
    std::optional<std::string> keyed_domain_{};  // domain whose key is here
    MachineIds::IsOurAddress is_ours_ = [](const IpAddress&) { return true; };
    PostOffice office_{
        {.machine_id = kHome,
         .host_key = "ME",
         .domain_keys = {"LAB", "ATTIC"},
         .is_keyed =
             [this](std::string_view domain) { return keyed_domain_ && domain == *keyed_domain_; },
         .is_our_address = [this](const IpAddress& address) { return is_ours_(address); }},
        clock_,
        slots_,
        {.senders = 3,
         .reassembly = {.bytes = 20'000, .bytes_per_sender = 10'000, .messages_per_sender = 4}}};
};

}  // namespace mailslot::post
