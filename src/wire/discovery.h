// Payloads of queries and answers. Pure.
// Format: docs/protocol/frame.md, "Query and answer".
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
    std::uint64_t id = 0;          // random; repeated in the answers
    std::uint16_t reply_port = 0;  // not 0
    std::uint32_t first = 0;       // names to skip at the beginning of the list
    std::uint16_t padding = 0;     // trailing zero bytes: no answer is larger than its query
    bool operator==(const Query&) const = default;
};

// Borrows the payload.
struct Answer {
    std::uint64_t query_id = 0;
    std::uint32_t first = 0;
    std::uint32_t total = 0;                // all matching slots
    std::vector<std::string_view> names{};  // at least one
    bool operator==(const Answer&) const = default;
};

inline constexpr std::size_t kQueryBytes = 14;
inline constexpr std::size_t kAnswerBytes = 18;  // before the names

// Returns empty bytes if the buffer is too small or decode_query would refuse the query.
Bytes encode_query(std::span<std::byte> buffer, const Query& query);
// Errors: bad_packet.
Result<Query> decode_query(Bytes payload);
// Errors: bad_packet.
Result<Answer> decode_answer(Bytes payload);

// Puts as many names into an answer as its buffer holds.
class AnswerWriter {
public:
    AnswerWriter(std::span<std::byte> buffer, const Query& query, std::uint32_t total);
    // Returns false and adds nothing if the name does not fit or is invalid, or if the list is
    // complete.
    bool add(std::string_view name);
    Bytes finish();  // the payload; empty when nothing was added

private:
    std::span<std::byte> buffer_;
    ByteWriter out_;
    std::uint32_t left_;  // names that may still be added
    std::uint16_t count_ = 0;
};

}  // namespace mailslot::wire
