#include "wire/report.h"

#include "model/limits.h"

namespace mailslot::wire {
namespace {

constexpr std::uint8_t kFamilies = kHearsIpv4 | kHearsIpv6;

// Checks the rules of the format, in both directions.
bool is_sound(const Report& r) {
    if (r.number == 0 || r.counted_from == 0) return false;
    if (r.highest.sequence < r.counted_from || r.highest.sequence > kMaxSequence) return false;
    if (r.highest.part_end > kMaxNetworkMessageBytes) return false;
    if (r.messages > r.highest.sequence - r.counted_from + 1) return false;
    if (r.bytes == 0 || r.sample_bytes > r.bytes) return false;
    if ((r.sample_bytes == 0) != (r.sample_us == 0)) return false;
    return r.families != 0 && (r.families & ~kFamilies) == 0;
}

}  // namespace

Bytes encode_report(std::span<std::byte> buffer, const Report& report) {
    if (!is_sound(report)) return {};
    ByteWriter out(buffer);
    out.u32be(report.number);
    out.u64be(report.highest.sequence);
    out.u32be(report.highest.part_end);
    out.u64be(report.counted_from);
    out.u64be(report.messages);
    out.u64be(report.bytes);
    out.u64be(report.arrived_us);
    out.u32be(report.held_us);
    out.u32be(report.sample_bytes);
    out.u32be(report.sample_us);
    out.u32be(report.kernel_drops);
    out.u32be(report.buffer_bytes);
    out.u32be(report.buffer_used);
    out.u8(report.families);
    return out.ok() ? out.written() : Bytes{};
}

Result<Report> decode_report(Bytes payload) {
    ByteReader in(payload);
    Report report;
    report.number = in.u32be();
    report.highest.sequence = in.u64be();
    report.highest.part_end = in.u32be();
    report.counted_from = in.u64be();
    report.messages = in.u64be();
    report.bytes = in.u64be();
    report.arrived_us = in.u64be();
    report.held_us = in.u32be();
    report.sample_bytes = in.u32be();
    report.sample_us = in.u32be();
    report.kernel_drops = in.u32be();
    report.buffer_bytes = in.u32be();
    report.buffer_used = in.u32be();
    report.families = in.u8();
    if (!in.ok() || in.left() != 0 || !is_sound(report)) return Error{Errc::bad_packet, "report"};
    return report;
}

}  // namespace mailslot::wire
