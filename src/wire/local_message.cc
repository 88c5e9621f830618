#include "wire/local_message.h"

#include <chrono>

#include "model/losses.h"

namespace mailslot::wire {
namespace {

using std::chrono::duration_cast;
using std::chrono::microseconds;

constexpr std::uint8_t kVersion = 1;
constexpr std::size_t kMostBytes = 8192;
constexpr std::size_t kMostDetailBytes = 512;
constexpr std::size_t kMostMemoBytes = 4096;  // memo of a socket that has joined on 160 interfaces
constexpr std::size_t kMostHostBytes = 255, kMostAddressBytes = 64, kMostCounterNameBytes = 48;
constexpr std::size_t kMostSenderBytes = kMostHostBytes + kMostAddressBytes + 4 + 15 * 8;
constexpr std::int64_t kMostMicroseconds = std::int64_t{1} << 52;  // 142 years
constexpr std::uint64_t kNone = ~std::uint64_t{0};

void put_text(ByteWriter& out, std::string_view text) {
    out.u16be(static_cast<std::uint16_t>(text.size()));
    out.put(text);
}

std::string take_text(ByteReader& in) { return std::string(as_text(in.take(in.u16be()))); }

void fail(ByteReader& in) { in.take(in.left() + 1); }

// Fails if the text is longer than any that we send.
std::string take_text(ByteReader& in, std::size_t most) {
    std::string text = take_text(in);
    if (text.size() > most) fail(in);
    return text;
}

std::size_t take_count(ByteReader& in, std::size_t most) {
    const std::size_t count = in.u16be();
    if (count > most) fail(in);
    return count;
}

std::uint64_t or_none(const std::optional<std::uint64_t>& number) { return number.value_or(kNone); }

std::optional<std::uint64_t> none_or(std::uint64_t number) {
    return number == kNone ? std::nullopt : std::optional(number);
}

// Lists the numbers once for both directions. `F` gets a reference to each number.
template <class Info, class F>
void for_each_number(Info& info, F&& each) {
    each(info.max_message_bytes), each(info.max_bytes), each(info.max_messages);
    each(info.messages), each(info.bytes), each(info.received), each(info.received_bytes);
    each(info.repeats), each(info.senders), each(info.senders_forgotten);
    for_each_loss(info.lost, each);
}

template <class Sender, class F>
void for_each_sender_number(Sender& sender, F&& each) {
    each(sender.origin), each(sender.received), each(sender.repeats), each(sender.lost_untold);
    each(sender.told_then_arrived);
    for_each_loss(sender.lost, each);
}

void put_info(ByteWriter& out, const SlotInfo& info) {
    put_text(out, info.name);
    out.u64be(static_cast<std::uint64_t>(info.reader_pid));
    out.u64be(static_cast<std::uint64_t>(info.read_timeout.count()));
    out.u64be(or_none(info.next_message_bytes));
    out.u64be(static_cast<std::uint64_t>(info.when_full));
    out.u64be(static_cast<std::uint64_t>(info.require));
    out.u64be(static_cast<std::uint64_t>(info.order));
    for_each_number(info, [&out](std::uint64_t number) { out.u64be(number); });
}

SlotInfo take_info(ByteReader& in) {
    SlotInfo info;
    info.name = take_text(in);
    info.reader_pid = static_cast<std::int64_t>(in.u64be());
    info.read_timeout = Timeout(static_cast<std::int64_t>(in.u64be()));
    info.next_message_bytes = none_or(in.u64be());
    const std::uint64_t when_full = in.u64be();
    if (when_full > static_cast<std::uint64_t>(WhenFull::drop_oldest)) fail(in);
    info.when_full = WhenFull{static_cast<std::uint8_t>(when_full)};
    const std::uint64_t require = in.u64be();
    if (require > static_cast<std::uint64_t>(Trust::local)) fail(in);
    info.require = Trust{static_cast<std::uint8_t>(require)};
    const std::uint64_t order = in.u64be();
    if (order > static_cast<std::uint64_t>(Order::as_it_comes)) fail(in);
    info.order = Order{static_cast<std::uint8_t>(order)};
    for_each_number(info, [&in](auto& number) { number = in.u64be(); });
    return info;
}

void put_senders(ByteWriter& out, const std::vector<SenderInfo>& senders) {
    out.u16be(static_cast<std::uint16_t>(senders.size()));
    for (const SenderInfo& sender : senders) {
        put_text(out, std::string_view(sender.from_host).substr(0, kMostHostBytes));
        put_text(out, std::string_view(sender.from_address).substr(0, kMostAddressBytes));
        out.u64be(static_cast<std::uint64_t>(
            duration_cast<microseconds>(sender.last_heard.time_since_epoch()).count()));
        for_each_sender_number(sender, [&out](std::uint64_t number) { out.u64be(number); });
    }
}

std::vector<SenderInfo> take_senders(ByteReader& in) {
    std::vector<SenderInfo> senders;
    for (std::size_t left = take_count(in, kSendersPerPage); left > 0 && in.ok(); --left) {
        SenderInfo& sender = senders.emplace_back();
        sender.from_host = take_text(in, kMostHostBytes);
        sender.from_address = take_text(in, kMostAddressBytes);
        const auto heard = static_cast<std::int64_t>(in.u64be());
        // A clock counts nanoseconds; a value that does not fit is no time.
        const bool is_time = heard <= kMostMicroseconds && heard >= -kMostMicroseconds;
        if (!is_time) fail(in);
        sender.last_heard =
            std::chrono::system_clock::time_point(microseconds(is_time ? heard : 0));
        for_each_sender_number(sender, [&in](auto& number) { number = in.u64be(); });
    }
    return senders;
}

void put_counters(ByteWriter& out, const std::vector<NamedCounter>& counters) {
    out.u16be(static_cast<std::uint16_t>(counters.size()));
    for (const NamedCounter& counter : counters) {
        put_text(out, std::string_view(counter.name).substr(0, kMostCounterNameBytes));
        out.u8(counter.is_level ? 1 : 0);
        out.u64be(counter.value);
    }
}

std::vector<NamedCounter> take_counters(ByteReader& in) {
    std::vector<NamedCounter> counters;
    for (std::size_t left = take_count(in, kMostCounters); left > 0 && in.ok(); --left) {
        NamedCounter& counter = counters.emplace_back();
        counter.name = take_text(in, kMostCounterNameBytes);
        const std::uint8_t level = in.u8();
        if (level > 1) fail(in);
        counter.is_level = level == 1;
        counter.value = in.u64be();
    }
    return counters;
}

void put_drops(ByteWriter& out, const LocalMessage& message) {
    out.u16be(static_cast<std::uint16_t>(message.drops.size()));
    for (const auto& [origin, count] : message.drops) out.u64be(origin), out.u64be(count);
}

void take_drops(ByteReader& in, LocalMessage& message) {
    for (std::size_t left = take_count(in, kDropsPerPage); left > 0 && in.ok(); --left) {
        const std::uint64_t origin = in.u64be();
        message.drops.emplace_back(origin, in.u64be());
    }
}

bool has_cursor(LocalOp op) {
    return op == LocalOp::senders || op == LocalOp::sender_page || op == LocalOp::drops ||
           op == LocalOp::drop_page;
}

void put_machine(ByteWriter& out, const MachineId& machine) {
    out.u64be(machine.number);
    out.u64be(machine.network.cookie);
    out.u64be(machine.network.inode);
}

MachineId take_machine(ByteReader& in) {
    const std::uint64_t number = in.u64be(), cookie = in.u64be();
    return {number, {cookie, in.u64be()}};
}

bool is_known(LocalOp op) {
    return (op >= LocalOp::attach && op <= LocalOp::machine) ||
           (op >= LocalOp::offer && op <= LocalOp::last);
}

std::size_t most_bytes(const LocalMessage& message) {
    return kMostBytes + message.senders.size() * kMostSenderBytes +
           message.counters.size() * (kMostCounterNameBytes + 11) + message.drops.size() * 16;
}

}  // namespace

std::vector<std::byte> encode(const LocalMessage& message) {
    std::vector<std::byte> buffer(most_bytes(message));
    ByteWriter out(buffer);
    out.u8(kVersion);
    out.u8(static_cast<std::uint8_t>(message.op));
    put_text(out, message.key);
    out.u32be(message.number);
    out.u8(static_cast<std::uint8_t>(message.why));
    const bool is_long = message.op == LocalOp::handed_socket ||
                         message.op == LocalOp::lent_socket || message.op == LocalOp::register_slot;
    put_text(
        out,
        std::string_view(message.detail).substr(0, is_long ? kMostMemoBytes : kMostDetailBytes));
    if (message.op == LocalOp::slot_info) put_info(out, message.info);
    if (has_cursor(message.op)) out.u64be(or_none(message.cursor));
    if (message.op == LocalOp::sender_page) put_senders(out, message.senders);
    if (message.op == LocalOp::counter_list) put_counters(out, message.counters);
    if (message.op == LocalOp::drop_page) put_drops(out, message);
    if (message.op == LocalOp::machine) put_machine(out, message.machine);
    buffer.resize(out.size());
    return buffer;
}

Result<LocalMessage> decode_local_message(Bytes packet) {
    ByteReader in(packet);
    LocalMessage message;
    const std::uint8_t version = in.u8();
    message.op = LocalOp{in.u8()};
    message.key = take_text(in);
    message.number = in.u32be();
    message.why = Errc{in.u8()};
    message.detail = take_text(in);
    if (message.op == LocalOp::slot_info) message.info = take_info(in);
    if (has_cursor(message.op)) message.cursor = none_or(in.u64be());
    if (message.op == LocalOp::sender_page) message.senders = take_senders(in);
    if (message.op == LocalOp::counter_list) message.counters = take_counters(in);
    if (message.op == LocalOp::drop_page) take_drops(in, message);
    if (message.op == LocalOp::machine) message.machine = take_machine(in);
    if (!in.ok() || in.left() != 0) return Error{Errc::bad_packet, "local message"};
    if (version != kVersion) {
        return Error{Errc::bad_packet, "local message", 0, "another version of mailslot runs here"};
    }
    if (!is_known(message.op)) return Error{Errc::bad_packet, "local message"};
    if (message.why > Errc::bad_config) return Error{Errc::bad_packet, "local message"};
    if (message.op == LocalOp::refused && message.why == Errc{}) {
        return Error{Errc::bad_packet, "local message"};
    }
    return message;
}

}  // namespace mailslot::wire
