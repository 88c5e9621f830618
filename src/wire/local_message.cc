#include "wire/local_message.h"

#include <array>

namespace mailslot::wire {
namespace {

constexpr std::uint8_t kVersion = 1;
constexpr std::size_t kMostBytes = 8192;
constexpr std::size_t kMostDetailBytes = 512;
constexpr std::size_t kMostMemoBytes = 4096;  // what a socket has joined on 160 interfaces
constexpr std::uint64_t kNone = ~std::uint64_t{0};

void put_text(ByteWriter& out, std::string_view text) {
    out.u16be(static_cast<std::uint16_t>(text.size()));
    out.put(text);
}

std::string take_text(ByteReader& in) { return std::string(as_text(in.take(in.u16be()))); }

// One list for both directions. `F` gets a reference to each number.
template <class Info, class F>
void for_each_number(Info& info, F&& each) {
    each(info.max_message_bytes), each(info.max_bytes), each(info.max_messages);
    each(info.messages), each(info.bytes), each(info.received), each(info.repeats),
        each(info.senders);
    each(info.lost.slot_full), each(info.lost.message_too_big), each(info.lost.network_gap);
    each(info.lost.fragment_timed_out), each(info.lost.not_trusted), each(info.lost.over_limit);
    each(info.lost.bad_record);
}

void put_info(ByteWriter& out, const SlotInfo& info) {
    put_text(out, info.name);
    out.u64be(static_cast<std::uint64_t>(info.reader_pid));
    out.u64be(static_cast<std::uint64_t>(info.read_timeout.count()));
    out.u64be(info.next_message_bytes ? *info.next_message_bytes : kNone);
    for_each_number(info, [&out](std::uint64_t number) { out.u64be(number); });
}

SlotInfo take_info(ByteReader& in) {
    SlotInfo info;
    info.name = take_text(in);
    info.reader_pid = static_cast<std::int64_t>(in.u64be());
    info.read_timeout = Timeout(static_cast<std::int64_t>(in.u64be()));
    const std::uint64_t next = in.u64be();
    if (next != kNone) info.next_message_bytes = next;
    for_each_number(info, [&in](auto& number) { number = in.u64be(); });
    return info;
}

bool is_known(LocalOp op) {
    return (op >= LocalOp::attach && op <= LocalOp::reattach) ||
           (op >= LocalOp::offer && op <= LocalOp::registered_all);
}

}  // namespace

std::vector<std::byte> encode(const LocalMessage& message) {
    std::vector<std::byte> buffer(kMostBytes);
    ByteWriter out(buffer);
    out.u8(kVersion);
    out.u8(static_cast<std::uint8_t>(message.op));
    put_text(out, message.key);
    out.u32be(message.number);
    out.u8(static_cast<std::uint8_t>(message.why));
    const bool is_long =
        message.op == LocalOp::handed_socket || message.op == LocalOp::register_slot;
    put_text(
        out,
        std::string_view(message.detail).substr(0, is_long ? kMostMemoBytes : kMostDetailBytes));
    if (message.op == LocalOp::slot_info) put_info(out, message.info);
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
