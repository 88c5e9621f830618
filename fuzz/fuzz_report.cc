// Any bytes into decode_report, and reports into a PathPace or a GroupPace that has sent a stream.
// An accepted report encodes to the same bytes. Whatever the reports say, the rate stays within its
// bounds, and the writer never waits long.
//
// Input: a report; or "r" (for a path) or "g" (for a group), then for each report the milliseconds
// until it comes (1 byte), and the report. In a group the milliseconds choose the reader as well.
#include <algorithm>
#include <array>
#include <chrono>
#include <cstdint>
#include <span>

#include "base/bytes.h"
#include "base/check.h"
#include "carrier/pace/group_pace.h"
#include "carrier/pace/path_pace.h"
#include "wire/report.h"

namespace {

using namespace mailslot;

constexpr double kMost = 50e6, kFloor = 1e6;

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

void hear_of_many(ByteReader in) {
    GroupPace pace({.most = kMost}, kFloor);
    GroupPace::Instant now{std::chrono::hours(1)};
    std::uint64_t sequence = 0;
    while (in.left() > wire::kReportBytes) {
        const std::uint8_t ms = in.u8();
        now += std::chrono::milliseconds(ms);
        const auto report = wire::decode_report(in.take(wire::kReportBytes));
        const Endpoint reader{IpAddress::v4(10, 0, 0, ms), 17138};
        if (report) (void)pace.heard(reader, *report, now);
        for (int i = 0; i < 8; ++i) {
            const auto wait = pace.wait(12'000, now);
            MAILSLOT_CHECK(wait >= wait.zero() && wait <= std::chrono::milliseconds(300));
            if (wait > wait.zero()) break;
            pace.left({sequence, 0}, {sequence + 100, 0}, 12'000, now);
            sequence += 100;
        }
        MAILSLOT_CHECK(pace.rate() >= kFloor && pace.rate() <= kMost);
        MAILSLOT_CHECK(pace.readers().size() <= kMostGroupReaders);
    }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    const Bytes input = std::as_bytes(std::span(data, size));
    check(input);
    ByteReader in(input);
    const std::uint8_t kind = in.u8();
    if (kind == 'r') hear(in);
    if (kind == 'g') hear_of_many(in);
    return 0;
}
