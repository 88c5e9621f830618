// Random queries and answers, encoded and decoded. RapidCheck prints the seed of a failure.
#include <gtest/gtest.h>

#if __has_include(<rapidcheck/gtest.h>)
#include <rapidcheck/gtest.h>

#include <algorithm>
#include <array>
#include <string>
#include <vector>

#include "model/limits.h"
#include "wire/discovery.h"

namespace mailslot::wire {
namespace {

RC_GTEST_PROP(DiscoveryProperty, queries_come_out_as_they_went_in, ()) {
    const Query query{*rc::gen::arbitrary<std::uint64_t>(),
                      *rc::gen::inRange<std::uint16_t>(1, 65535),
                      *rc::gen::arbitrary<std::uint32_t>()};
    std::array<std::byte, kQueryBytes> buffer;
    RC_ASSERT(decode_query(encode_query(buffer, query)).value() == query);
}

RC_GTEST_PROP(DiscoveryProperty, answers_come_out_as_they_went_in, ()) {
    const Query query{*rc::gen::arbitrary<std::uint64_t>(), 1, *rc::gen::inRange(0u, 100u)};
    const auto total = *rc::gen::inRange(0u, 200u);
    const auto names = *rc::gen::container<std::vector<std::string>>(
        rc::gen::container<std::string>(rc::gen::inRange('a', 'z')));
    std::array<std::byte, kMaxDatagramBytes> buffer;
    const auto room = *rc::gen::inRange<std::size_t>(0, 1200);
    AnswerWriter writer({buffer.data(), room}, query, total);
    Answer sent{query.id, query.first, total, {}};
    for (const std::string& name : names) {
        if (writer.add(name)) sent.names.push_back(name);
    }
    const Bytes payload = writer.finish();
    RC_ASSERT(payload.empty() == sent.names.empty());
    if (!payload.empty()) RC_ASSERT(decode_answer(payload).value() == sent);
}

RC_GTEST_PROP(DiscoveryProperty, what_is_damaged_is_refused_or_one_encoding_of_what_it_says, ()) {
    const auto bytes = *rc::gen::arbitrary<std::vector<std::uint8_t>>();
    const Bytes payload = std::as_bytes(std::span(bytes));
    std::array<std::byte, kMaxDatagramBytes> buffer;
    if (const auto query = decode_query(payload)) {
        RC_ASSERT(std::ranges::equal(encode_query(buffer, *query), payload));
    }
    if (const auto answer = decode_answer(payload)) {
        AnswerWriter writer(buffer, {answer->query_id, 1, answer->first}, answer->total);
        for (const auto name : answer->names) RC_ASSERT(writer.add(name));
        RC_ASSERT(std::ranges::equal(writer.finish(), payload));
    }
}

}  // namespace
}  // namespace mailslot::wire

#endif
