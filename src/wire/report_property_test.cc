// Random reports, encoded and decoded. RapidCheck prints the seed of a failure.
#include <gtest/gtest.h>

#if __has_include(<rapidcheck/gtest.h>)
#include <rapidcheck/gtest.h>

#include <algorithm>
#include <array>
#include <vector>

#include "model/limits.h"
#include "wire/report.h"

namespace mailslot::wire {
namespace {

RC_GTEST_PROP(ReportProperty, reports_come_out_as_they_went_in, ()) {
    const auto any32 = [] { return *rc::gen::arbitrary<std::uint32_t>(); };
    Report report;
    report.number = *rc::gen::inRange<std::uint32_t>(1, UINT32_MAX);
    report.counted_from = *rc::gen::inRange<std::uint64_t>(1, kMaxSequence);
    report.highest.sequence = *rc::gen::inRange<std::uint64_t>(report.counted_from, kMaxSequence);
    report.highest.part_end =
        *rc::gen::inRange<std::uint32_t>(0, static_cast<std::uint32_t>(kMaxNetworkMessageBytes));
    report.messages =
        *rc::gen::inRange<std::uint64_t>(0, report.highest.sequence - report.counted_from + 1);
    report.sample_us = any32();
    report.sample_bytes = report.sample_us == 0 ? 0 : *rc::gen::inRange(1u, UINT32_MAX);
    report.bytes = report.sample_bytes + 1ull + any32();
    report.arrived_us = *rc::gen::arbitrary<std::uint64_t>();
    report.held_us = any32();
    report.kernel_drops = any32();
    report.buffer_bytes = any32();
    report.buffer_used = any32();
    report.families = *rc::gen::inRange<std::uint8_t>(1, 4);
    std::array<std::byte, kReportBytes> buffer;
    RC_ASSERT(decode_report(encode_report(buffer, report)).value() == report);
}

RC_GTEST_PROP(ReportProperty, damaged_bytes_are_refused_or_another_report, ()) {
    const auto bytes = *rc::gen::container<std::vector<std::uint8_t>>(
        kReportBytes, rc::gen::arbitrary<std::uint8_t>());
    const Bytes payload = std::as_bytes(std::span(bytes));
    const auto report = decode_report(payload);
    if (!report) return;
    std::array<std::byte, kReportBytes> buffer;
    RC_ASSERT(std::ranges::equal(encode_report(buffer, *report), payload));
}

}  // namespace
}  // namespace mailslot::wire

#endif
