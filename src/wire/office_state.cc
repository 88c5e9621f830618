#include "wire/office_state.h"

#include <algorithm>

#include "wire/address_bytes.h"

namespace mailslot::wire {
namespace {

constexpr std::string_view kMark = "mso3";
constexpr std::size_t kMostRecordBytes = 128 * 1024;  // a part of 64 KiB and its description

// Bits of a sender's record that say what more the record has.
constexpr std::uint8_t kHasCauses = 1, kHasPort = 2;

enum Tag : std::uint8_t { kCounters = 1, kSlot, kSender, kPart, kSealer, kMachine };

// Lists the numbers once for both directions. `F` gets a reference to each number.
template <class Sender, class F>
void for_each_number(Sender& sender, F&& each) {
    each(sender.origin), each(sender.next), each(sender.counted_from), each(sender.last_heard);
    each(sender.received), each(sender.repeats), each(sender.lost_untold);
    each(sender.told_then_arrived), each(sender.told_below);
    for (auto& count : sender.lost) each(count);
}

void put_bits(ByteWriter& out, const WindowBits& bits) {
    for (std::uint64_t word : bits) {
        for (int i = 0; i < 8; ++i) out.u8(static_cast<std::uint8_t>(word >> (8 * i)));
    }
}

void take_bits(ByteReader& in, WindowBits& bits) {
    for (std::uint64_t& word : bits) word = in.u64le();
}

void put_text(ByteWriter& out, std::string_view text) {
    out.u16be(static_cast<std::uint16_t>(text.size()));
    out.put(text);
}

SlotState take_slot(ByteReader& in) {
    SlotState slot;
    slot.memory = in.u64be();
    slot.opened_at = static_cast<std::int64_t>(in.u64be());
    slot.forgot_until = static_cast<std::int64_t>(in.u64be());
    for (std::uint64_t& number : slot.counters) number = in.u64be();
    slot.key = as_text(in.take(in.left()));
    return slot;
}

SenderState take_sender(ByteReader& in) {
    SenderState sender;
    for_each_number(sender, [&in](auto& number) {
        number = static_cast<std::remove_reference_t<decltype(number)>>(in.u64be());
    });
    sender.source.address = take_address(in);
    const std::uint8_t extras = in.u8();
    if ((extras & kHasPort) != 0) sender.source.port = in.u16be();
    take_bits(in, sender.arrived);
    if ((extras & kHasCauses) != 0) {
        sender.causes.emplace();
        take_bits(in, sender.causes->timed_out);
        take_bits(in, sender.causes->evicted);
        take_bits(in, sender.causes->dropped);
    }
    sender.host = as_text(in.take(in.left()));
    return sender;
}

std::optional<PartState> take_part(ByteReader& in) {
    PartState state;
    Envelope& part = state.part;
    part.kind = Kind::fragment;
    state.last_part = static_cast<std::int64_t>(in.u64be());
    part.origin = in.u64be();
    part.sequence = in.u64be();
    part.machine_id = in.u64be();
    part.sent_at_us = static_cast<std::int64_t>(in.u64be());
    part.total_bytes = in.u32be();
    part.offset = in.u32be();
    part.origin_age_ms = in.u32be();
    part.chunk_bytes = in.u16be();
    const std::uint8_t form = in.u8();
    part.format = Form(Format(form & ~kLabelledBit), (form & kLabelledBit) != 0);
    part.trust = Trust{in.u8()};
    part.scope = Scope{in.u8()};
    part.to = as_text(in.take(in.u16be()));
    part.slot = as_text(in.take(in.u16be()));
    part.from_host = as_text(in.take(in.u16be()));
    part.payload = in.take(in.left());
    const bool is_sound = is_known(part.format) && part.trust <= Trust::local &&
                          part.scope >= Scope::everybody && part.scope <= Scope::direct;
    return is_sound ? std::optional(state) : std::nullopt;
}

SealerState take_sealer(ByteReader& in) {
    SealerState sealer;
    sealer.sender_id = in.u64be();
    sealer.epoch = in.u64be();
    sealer.highest = in.u64be();
    sealer.last_heard = static_cast<std::int64_t>(in.u64be());
    take_bits(in, sealer.seen);
    if (in.left() > 0) sealer.sent_at = static_cast<std::int64_t>(in.u64be());
    return sealer;
}

MachineState take_machine(ByteReader& in) {
    MachineState machine;
    machine.conflicts = in.u64be();
    machine.present = in.u64be();
    while (in.ok() && in.left() > 0) machine.former.push_back(in.u64be());
    return machine;
}

bool read_record(std::uint8_t tag, ByteReader in, const OfficeStateVisitor& visitor) {
    switch (tag) {
        case kCounters: {
            OfficeNumbers numbers{};
            for (std::uint64_t& number : numbers) number = in.u64be();
            return in.ok() && in.left() == 0 && visitor.counters(numbers);
        }
        case kSlot: {
            const SlotState slot = take_slot(in);
            return in.ok() && visitor.slot(slot);
        }
        case kSender: {
            const SenderState sender = take_sender(in);
            return in.ok() && visitor.sender(sender);
        }
        case kPart: {
            const auto part = take_part(in);
            return in.ok() && part && visitor.part(*part);
        }
        case kSealer: {
            const SealerState sealer = take_sealer(in);
            return in.ok() && in.left() == 0 && visitor.sealer(sealer);
        }
        case kMachine: {
            const MachineState machine = take_machine(in);
            return in.ok() && visitor.machine(machine);
        }
        default:
            return false;
    }
}

}  // namespace

OfficeStateWriter::OfficeStateWriter() {
    const Bytes mark = as_bytes(kMark);
    bytes_.assign(mark.begin(), mark.end());
}

void OfficeStateWriter::append(std::uint8_t tag, Bytes content) {
    std::array<std::byte, 5> head;
    ByteWriter out(head);
    out.u8(tag);
    out.u32be(static_cast<std::uint32_t>(content.size()));
    bytes_.insert(bytes_.end(), head.begin(), head.end());
    bytes_.insert(bytes_.end(), content.begin(), content.end());
}

void OfficeStateWriter::put(const OfficeNumbers& counters) {
    std::array<std::byte, sizeof(OfficeNumbers)> buffer;
    ByteWriter out(buffer);
    for (const std::uint64_t number : counters) out.u64be(number);
    append(kCounters, out.written());
}

void OfficeStateWriter::put(const SlotState& slot) {
    std::vector<std::byte> buffer(8 * (3 + slot.counters.size()) + slot.key.size());
    ByteWriter out(buffer);
    out.u64be(slot.memory);
    out.u64be(static_cast<std::uint64_t>(slot.opened_at));
    out.u64be(static_cast<std::uint64_t>(slot.forgot_until));
    for (const std::uint64_t number : slot.counters) out.u64be(number);
    out.put(slot.key);
    append(kSlot, out.written());
}

void OfficeStateWriter::put(const SenderState& sender) {
    std::vector<std::byte> buffer(8 * (9 + sender.lost.size()) + kAddressBytes + 1 + 2 +
                                  4 * sizeof(WindowBits) + sender.host.size());
    ByteWriter out(buffer);
    for_each_number(sender, [&out](auto number) { out.u64be(static_cast<std::uint64_t>(number)); });
    const std::uint16_t port = sender.source.port;
    put_address(out, sender.source.address);
    out.u8(
        static_cast<std::uint8_t>((sender.causes ? kHasCauses : 0) | (port != 0 ? kHasPort : 0)));
    if (port != 0) out.u16be(port);
    put_bits(out, sender.arrived);
    if (sender.causes) {
        put_bits(out, sender.causes->timed_out);
        put_bits(out, sender.causes->evicted);
        put_bits(out, sender.causes->dropped);
    }
    out.put(sender.host);
    append(kSender, out.written());
}

void OfficeStateWriter::put(const PartState& state) {
    const Envelope& part = state.part;
    std::vector<std::byte> buffer(kMostRecordBytes);
    ByteWriter out(buffer);
    out.u64be(static_cast<std::uint64_t>(state.last_part));
    out.u64be(part.origin);
    out.u64be(part.sequence);
    out.u64be(part.machine_id);
    out.u64be(static_cast<std::uint64_t>(part.sent_at_us));
    out.u32be(part.total_bytes);
    out.u32be(part.offset);
    out.u32be(part.origin_age_ms);
    out.u16be(part.chunk_bytes);
    out.u8(to_byte(part.format));
    out.u8(static_cast<std::uint8_t>(part.trust));
    out.u8(static_cast<std::uint8_t>(part.scope));
    put_text(out, part.to);
    put_text(out, part.slot);
    put_text(out, part.from_host);
    out.put(part.payload);
    if (out.ok()) append(kPart, out.written());
}

void OfficeStateWriter::put(const SealerState& sealer) {
    std::array<std::byte, 5 * 8 + sizeof(WindowBits)> buffer;
    ByteWriter out(buffer);
    out.u64be(sealer.sender_id);
    out.u64be(sealer.epoch);
    out.u64be(sealer.highest);
    out.u64be(static_cast<std::uint64_t>(sealer.last_heard));
    put_bits(out, sealer.seen);
    out.u64be(static_cast<std::uint64_t>(sealer.sent_at));
    append(kSealer, out.written());
}

void OfficeStateWriter::put(const MachineState& machine) {
    std::vector<std::byte> buffer(8 * (2 + machine.former.size()));
    ByteWriter out(buffer);
    out.u64be(machine.conflicts);
    out.u64be(machine.present);
    for (const std::uint64_t number : machine.former) out.u64be(number);
    append(kMachine, out.written());
}

bool read_office_state(Bytes bytes, const OfficeStateVisitor& visitor) {
    ByteReader in(bytes);
    if (as_text(in.take(kMark.size())) != kMark) return false;
    while (in.left() > 0) {
        const std::uint8_t tag = in.u8();
        const Bytes content = in.take(in.u32be());
        if (!in.ok() || !read_record(tag, ByteReader(content), visitor)) return false;
    }
    return true;
}

}  // namespace mailslot::wire
