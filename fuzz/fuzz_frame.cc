// Any bytes into decode_frame, and the payload of a query, answer or report into its decoder. Frames that
// are accepted must encode to the same bytes again.
#include <array>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <vector>

#include "base/check.h"
#include "wire/discovery.h"
#include "wire/frame.h"
#include "wire/report.h"
#include "wire/testing/decode_messages.h"

using namespace mailslot;

namespace {

std::array<std::byte, wire::kMaxFrameBytes> buffer;

Bytes encode(const std::vector<Envelope>& envelopes) {
    if (envelopes.front().kind != Kind::message) {
        return wire::encode_single(buffer, envelopes.front());
    }
    wire::FrameWriter writer(buffer, envelopes.front());
    for (const Envelope& message : envelopes) MAILSLOT_CHECK(writer.add(message));
    return writer.finish();
}

bool is_same(Bytes a, Bytes b) {
    return a.size() == b.size() && (a.empty() || std::memcmp(a.data(), b.data(), a.size()) == 0);
}

void check_discovery(const Envelope& envelope) {
    if (const auto query = wire::decode_query(envelope.payload)) {
        MAILSLOT_CHECK(is_same(wire::encode_query(buffer, *query), envelope.payload));
    }
    if (const auto answer = wire::decode_answer(envelope.payload)) {
        wire::AnswerWriter writer(buffer, {answer->query_id, 1, answer->first}, answer->total);
        for (const auto name : answer->names) MAILSLOT_CHECK(writer.add(name));
        MAILSLOT_CHECK(is_same(writer.finish(), envelope.payload));
    }
}

void check_report(const Envelope& envelope) {
    MAILSLOT_CHECK(envelope.scope == Scope::direct && envelope.to.empty());
    const auto report = wire::decode_report(envelope.payload);
    if (report) MAILSLOT_CHECK(is_same(wire::encode_report(buffer, *report), envelope.payload));
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    const Bytes datagram = std::as_bytes(std::span(data, size));
    std::vector<Envelope> envelopes;
    if (!wire::decode_messages(datagram, envelopes)) {
        MAILSLOT_CHECK(envelopes.empty());
        return 0;
    }
    MAILSLOT_CHECK(!envelopes.empty() && envelopes.size() <= wire::kMaxFrameMessages);
    const Kind kind = envelopes.front().kind;
    if (kind == Kind::query || kind == Kind::answer) check_discovery(envelopes.front());
    if (kind == Kind::report) check_report(envelopes.front());
    const std::size_t bytes = encode(envelopes).size();
    MAILSLOT_CHECK(bytes > 0 && bytes <= datagram.size());
    const auto again = std::span(buffer).first(datagram.size());
    MAILSLOT_CHECK(is_same(wire::fill_frame(again, bytes), datagram));
    return 0;
}
