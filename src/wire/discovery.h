// The payloads of queries and answers: docs/protocol/frame.md, "Query and answer". Pure.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>
#include <vector>

#include "base/bytes.h"
#include "mailslot/result.h"

namespace mailslot::wire {

struct Query {
    std::uint64_t id = 0;          // random; answers repeat it
    std::uint16_t reply_port = 0;  // not 0
    std::uint32_t first = 0;       // names to leave out at the beginning of the list
    std::uint16_t padding = 0;     // zero bytes behind it: no answer is larger than its query
    bool operator==(const Query&) const = default;
};

// Borrows the payload.
struct Answer {
    std::uint64_t query_id = 0;
    std::uint32_t first = 0;
    std::uint32_t total = 0;                // slots that match in all
    std::vector<std::string_view> names{};  // at least one
    bool operator==(const Answer&) const = default;
};

inline constexpr std::size_t kQueryBytes = 14;
inline constexpr std::size_t kAnswerBytes = 18;  // before the names

// Empty: the buffer is too small, or the query is one that decode_query would refuse.
Bytes encode_query(std::span<std::byte> buffer, const Query& query);
// Errors: bad_packet.
Result<Query> decode_query(Bytes payload);
// Errors: bad_packet.
Result<Answer> decode_answer(Bytes payload);

// Puts as many names into an answer as its buffer holds.
class AnswerWriter {
public:
    AnswerWriter(std::span<std::byte> buffer, const Query& query, std::uint32_t total);
    // False: there is no room, or no such name or place in the list can be; nothing was added.
    bool add(std::string_view name);
    Bytes finish();  // the payload; empty when nothing was added

private:
    std::span<std::byte> buffer_;
    ByteWriter out_;
    std::uint32_t left_;  // names that may still come
    std::uint16_t count_ = 0;
};

}  // namespace mailslot::wire
