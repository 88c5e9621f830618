// Any bytes into decode_report, and reports into a PathPace that has sent a stream. An accepted
// report encodes to the same bytes. Whatever the reports say, the rate stays within its bounds, and
// the writer never waits long.
//
// Input: a report; or "r", then for each report the milliseconds until it comes (1 byte), and the
// report.
#include <algorithm>
#include <array>
#include <chrono>
#include <cstdint>
#include <span>

#include "base/bytes.h"
#include "base/check.h"
#include "carrier/pace/path_pace.h"
#include "wire/report.h"

namespace {

using namespace mailslot;

constexpr double kMost = 50e6;

void check(Bytes payload) {
    const auto report = wire::decode_report(payload);
    if (!report) return;
    std::array<std::byte, wire::kReportBytes> buffer;
    MAILSLOT_CHECK(std::ranges::equal(wire::encode_report(buffer, *report), payload));
}

void hear(ByteReader in) {
    PathPace pace({.most = kMost});
    PathPace::Instant now{std::chrono::hours(1)};
    std::uint64_t sequence = 0;
    while (in.left() > wire::kReportBytes) {
        now += std::chrono::milliseconds(in.u8());
        const auto report = wire::decode_report(in.take(wire::kReportBytes));
        if (report) (void)pace.heard(*report, now);
        for (int i = 0; i < 8; ++i) {
            const auto wait = pace.wait(12'000, now);
            MAILSLOT_CHECK(wait >= wait.zero() && wait <= std::chrono::milliseconds(300));
            if (wait > wait.zero()) break;
            pace.left({sequence, 0}, {sequence + 100, 0}, 12'000, now);
            sequence += 100;
        }
        MAILSLOT_CHECK(pace.rate() >= 1000 && pace.rate() <= kMost);
    }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    const Bytes input = std::as_bytes(std::span(data, size));
    check(input);
    ByteReader in(input);
    if (in.u8() == 'r') hear(in);
    return 0;
}
