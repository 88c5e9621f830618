#include "wire/smb_mailslot.h"

#include <algorithm>
#include <cstring>

namespace mailslot::wire {
namespace {

constexpr std::string_view kMagic{"\xffSMB", 4};
constexpr std::uint8_t kTransaction = 0x25, kWords = 17, kSetupWords = 3;
constexpr std::uint16_t kWriteOpcode = 1;
constexpr std::uint16_t kStamped = 0x6d73, kStampedAtHome = 0x6d74, kPassedOn = 0x6d75;
// MS-MAIL section 4: values that Windows clients send.
constexpr std::uint8_t kHeaderFlags = 0x18;
constexpr std::uint16_t kHeaderFlags2 = 0x0004, kPidLow = 0xfeff, kMaxParameters = 2, kOneWay = 2;

Error bad(const char* step) { return Error{Errc::bad_packet, step}; }

std::size_t padded(std::size_t bytes) { return (bytes + 3) / 4 * 4; }

bool is_prefix(std::string_view text) {
    return std::ranges::equal(text, kMailslotPrefix, [](char a, char b) {
        return (a >= 'a' && a <= 'z' ? static_cast<char>(a - 'a' + 'A') : a) == b;
    });
}

// The checked or used fields before the slot name.
struct Fixed {
    std::uint16_t mark = 0;
    Stamp stamp{};
    std::uint16_t data_count = 0, data_offset = 0;
};

Result<Fixed> decode_fixed(ByteReader& in, MailslotWrite& write) {
    Fixed fixed;
    if (as_text(in.take(kMagic.size())) != kMagic || in.u8() != kTransaction) return bad("smb");
    in.take(7);  // Status, Flags, Flags2
    fixed.mark = in.u16le();
    fixed.stamp.origin = in.u64le();
    in.u16le();  // Reserved
    const std::uint16_t low = in.u16le();
    in.u16le();  // PIDLow
    const std::uint16_t middle = in.u16le(), high = in.u16le();
    fixed.stamp.sequence = std::uint64_t{high} << 32 | std::uint64_t{middle} << 16 | low;
    if (in.u8() != kWords) return bad("words");
    in.take(12);  // TotalParameterCount to Flags
    fixed.stamp.age_ms = in.u32le();
    in.take(6);  // Reserved2, ParameterCount, ParameterOffset
    fixed.data_count = in.u16le();
    fixed.data_offset = in.u16le();
    if (in.u8() != kSetupWords) return bad("words");
    in.u8();  // Reserved3
    if (in.u16le() != kWriteOpcode) return bad("opcode");
    write.priority = in.u16le();
    write.mail_class = in.u16le();
    in.u16le();  // ByteCount
    if (!in.ok()) return bad("smb");
    return fixed;
}

bool is_stamp(const Stamp& stamp) {
    return stamp.origin != 0 && stamp.sequence != 0 && stamp.sequence <= kMaxStampSequence &&
           !(stamp.delivered_at_home && stamp.passed_on);
}

std::optional<Stamp> stamp_in(const Fixed& fixed) {
    const bool has_mark =
        fixed.mark == kStamped || fixed.mark == kStampedAtHome || fixed.mark == kPassedOn;
    if (!has_mark || !is_stamp(fixed.stamp)) return std::nullopt;
    Stamp stamp = fixed.stamp;
    stamp.delivered_at_home = fixed.mark == kStampedAtHome;
    stamp.passed_on = fixed.mark == kPassedOn;
    return stamp;
}

std::uint16_t mark_of(const std::optional<Stamp>& stamp) {
    if (!stamp) return 0;
    if (stamp->passed_on) return kPassedOn;
    return stamp->delivered_at_home ? kStampedAtHome : kStamped;
}

void encode_header(ByteWriter& out, const std::optional<Stamp>& stamp) {
    const Stamp said = stamp.value_or(Stamp{});
    out.put(kMagic);
    out.u8(kTransaction);
    out.u32le(0);  // Status
    out.u8(kHeaderFlags);
    out.u16le(kHeaderFlags2);
    out.u16le(mark_of(stamp));
    out.u32le(static_cast<std::uint32_t>(said.origin));
    out.u32le(static_cast<std::uint32_t>(said.origin >> 32));
    out.u16le(0);  // Reserved
    out.u16le(static_cast<std::uint16_t>(said.sequence));
    out.u16le(kPidLow);
    out.u16le(static_cast<std::uint16_t>(said.sequence >> 16));
    out.u16le(static_cast<std::uint16_t>(said.sequence >> 32));
}

void encode_words(ByteWriter& out, const MailslotWrite& write, std::size_t data_offset) {
    const auto count = static_cast<std::uint16_t>(write.data.size());
    const auto offset = static_cast<std::uint16_t>(data_offset);
    out.u8(kWords);
    out.u16le(0);  // TotalParameterCount
    out.u16le(count);
    out.u16le(kMaxParameters);
    out.u32le(0);  // MaxDataCount, MaxSetupCount, Reserved
    out.u16le(kOneWay);
    out.u32le(write.stamp ? write.stamp->age_ms : 0);
    out.u32le(0);  // Reserved2, ParameterCount
    out.u16le(offset);
    out.u16le(count);
    out.u16le(offset);
    out.u8(kSetupWords);
    out.u8(0);  // Reserved3
    out.u16le(kWriteOpcode);
    out.u16le(write.priority);
    out.u16le(write.mail_class);
    out.u16le(static_cast<std::uint16_t>(data_offset - kMailslotNameOffset + write.data.size()));
}

}  // namespace

bool is_classic_slot(std::string_view slot) {
    return !slot.empty() && std::ranges::all_of(slot, [](char c) { return c >= ' ' && c < 0x7f; });
}

std::size_t max_classic_message_bytes(std::string_view slot) {
    const std::size_t in_front =
        padded(kMailslotNameOffset + kMailslotPrefix.size() + slot.size() + 1);
    return in_front < kMaxSmbBytes ? kMaxSmbBytes - in_front : 0;
}

Result<MailslotWrite> decode_mailslot_write(Bytes smb) {
    ByteReader in(smb);
    MailslotWrite write;
    const auto fixed = decode_fixed(in, write);
    if (!fixed) return fixed.error();
    const std::string_view rest = as_text(in.rest());
    const std::size_t zero = rest.find('\0');
    if (zero == rest.npos || !is_prefix(rest.substr(0, kMailslotPrefix.size()))) {
        return bad("slot_name");
    }
    if (zero < kMailslotPrefix.size()) return bad("slot_name");
    write.slot = rest.substr(kMailslotPrefix.size(), zero - kMailslotPrefix.size());
    if (!is_classic_slot(write.slot)) return bad("slot_name");
    write.stamp = stamp_in(*fixed);
    if (fixed->data_count == 0) return write;
    const std::size_t behind_name = kMailslotNameOffset + zero + 1;
    const std::size_t from = fixed->data_offset;
    if (from < behind_name || from + fixed->data_count > smb.size()) return bad("data");
    write.data = smb.subspan(from, fixed->data_count);
    return write;
}

Bytes encode_mailslot_write(std::span<std::byte> buffer, const MailslotWrite& write) {
    const std::size_t name_bytes = kMailslotPrefix.size() + write.slot.size() + 1;
    const std::size_t data_offset = padded(kMailslotNameOffset + name_bytes);
    if (!is_classic_slot(write.slot) || data_offset + write.data.size() > kMaxSmbBytes ||
        (write.stamp && !is_stamp(*write.stamp))) {
        return {};
    }
    ByteWriter out(buffer);
    encode_header(out, write.stamp);
    encode_words(out, write, data_offset);
    out.put(kMailslotPrefix);
    out.put(write.slot);
    for (std::size_t at = kMailslotNameOffset + name_bytes - 1; at < data_offset; ++at) out.u8(0);
    out.put(write.data);
    return out.ok() ? out.written() : Bytes{};
}

}  // namespace mailslot::wire
