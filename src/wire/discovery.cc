#include "wire/discovery.h"

#include <algorithm>
#include <limits>

#include "model/fold.h"
#include "wire/frame.h"

namespace mailslot::wire {
namespace {

constexpr std::size_t kCountAt = 16;
constexpr std::size_t kCountBytes = 2;

Error damaged() { return Error{Errc::bad_packet, "discovery"}; }

bool is_name(std::string_view name) {
    return !name.empty() && name.size() <= kMaxNamesBytes && is_utf8(name);
}

}  // namespace

Bytes encode_query(std::span<std::byte> buffer, const Query& query) {
    if (query.reply_port == 0) return {};
    ByteWriter out(buffer);
    out.u64be(query.id);
    out.u16be(query.reply_port);
    out.u32be(query.first);
    for (std::uint16_t i = 0; i < query.padding; ++i) out.u8(0);
    return out.ok() ? out.written() : Bytes{};
}

Result<Query> decode_query(Bytes payload) {
    ByteReader in(payload);
    Query query;
    query.id = in.u64be();
    query.reply_port = in.u16be();
    query.first = in.u32be();
    const Bytes padding = in.take(in.left());
    const bool is_zero =
        std::ranges::all_of(padding, [](std::byte byte) { return byte == std::byte{0}; });
    if (!in.ok() || !is_zero || padding.size() > kMaxFrameBytes || query.reply_port == 0) {
        return damaged();
    }
    query.padding = static_cast<std::uint16_t>(padding.size());
    return query;
}

Result<Answer> decode_answer(Bytes payload) {
    ByteReader in(payload);
    Answer answer;
    answer.query_id = in.u64be();
    answer.first = in.u32be();
    answer.total = in.u32be();
    const std::uint16_t count = in.u16be();
    if (!in.ok() || count == 0 || answer.first > answer.total) return damaged();
    if (count > answer.total - answer.first) return damaged();
    for (std::uint16_t i = 0; i < count; ++i) {
        const std::string_view name = as_text(in.take(in.u16be()));
        if (!in.ok() || !is_name(name)) return damaged();
        answer.names.push_back(name);
    }
    if (in.left() != 0) return damaged();
    return answer;
}

AnswerWriter::AnswerWriter(std::span<std::byte> buffer, const Query& query, std::uint32_t total)
    : buffer_(buffer), out_(buffer), left_(query.first < total ? total - query.first : 0) {
    out_.u64be(query.id);
    out_.u32be(query.first);
    out_.u32be(total);
    out_.u16be(0);
    if (!out_.ok()) left_ = 0;
}

bool AnswerWriter::add(std::string_view name) {
    if (left_ == 0 || !is_name(name) || out_.left() < name.size() + kCountBytes) return false;
    if (count_ == std::numeric_limits<std::uint16_t>::max()) return false;
    out_.u16be(static_cast<std::uint16_t>(name.size()));
    out_.put(name);
    --left_;
    ++count_;
    return true;
}

Bytes AnswerWriter::finish() {
    if (count_ == 0) return {};
    ByteWriter count(buffer_.subspan(kCountAt, kCountBytes));
    count.u16be(count_);
    return out_.written();
}

}  // namespace mailslot::wire
