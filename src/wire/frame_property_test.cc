// Random envelopes, encoded and decoded. RapidCheck prints the seed of a failure.
#include <gtest/gtest.h>

#if __has_include(<rapidcheck/gtest.h>)
#include <rapidcheck/gtest.h>

#include <algorithm>
#include <array>
#include <string>
#include <vector>

#include "wire/frame.h"
#include "wire/testing/decode_messages.h"

namespace mailslot::wire {
namespace {

// An envelope with the bytes that it borrows.
struct Letter {
    Envelope envelope;
    std::string from_host, to, slot, payload;

    const Envelope& borrow() {
        envelope.from_host = from_host;
        envelope.to = to;
        envelope.slot = slot;
        envelope.payload = as_bytes(payload);
        return envelope;
    }
};

// Characters of one to four bytes.
std::string some_text(int least, int most) {
    const int length = *rc::gen::inRange(least, most + 1);
    std::string text;
    for (int i = 0; i < length; ++i) {
        text += *rc::gen::element<std::string>("a", "Z", ".", "\u00e9", "\u20ac", "\U0001d11e");
    }
    return text;
}

Letter some_letter(Kind kind) {
    Letter letter;
    Envelope& e = letter.envelope;
    e.kind = kind;
    e.scope = *rc::gen::element(Scope::everybody, Scope::named, Scope::direct);
    if (e.scope == Scope::named) letter.to = some_text(1, 30);
    if (e.scope == Scope::direct) letter.to = some_text(0, 30);
    letter.from_host = some_text(0, 30);
    letter.slot = some_text(1, 30);
    e.machine_id = *rc::gen::arbitrary<std::uint64_t>();
    e.origin = *rc::gen::arbitrary<std::uint64_t>();
    e.origin_age_ms = *rc::gen::arbitrary<std::uint32_t>();
    e.delivered_at_home = *rc::gen::arbitrary<bool>();
    e.sequence = *rc::gen::inRange<std::uint64_t>(1, 1ull << 63);
    e.sent_at_us = *rc::gen::inRange<std::int64_t>(-(1ll << 62), 1ll << 62);
    return letter;
}

Form some_format() {
    return {*rc::gen::element(Format::bytes, Format::text, Format::value, Format::unknown),
            *rc::gen::arbitrary<bool>()};
}

void expect_same(const Envelope& got, const Envelope& sent) {
    RC_ASSERT(got.kind == sent.kind && got.scope == sent.scope);
    RC_ASSERT(got.to == sent.to && got.slot == sent.slot && got.from_host == sent.from_host);
    RC_ASSERT(got.machine_id == sent.machine_id && got.origin == sent.origin);
    RC_ASSERT(got.origin_age_ms == sent.origin_age_ms);
    RC_ASSERT(got.delivered_at_home == sent.delivered_at_home);
    RC_ASSERT(got.sequence == sent.sequence && got.sent_at_us == sent.sent_at_us);
    RC_ASSERT(got.format == sent.format && as_text(got.payload) == as_text(sent.payload));
    RC_ASSERT(got.total_bytes == sent.total_bytes && got.offset == sent.offset);
    RC_ASSERT(got.chunk_bytes == sent.chunk_bytes);
    RC_ASSERT(got.from_address == IpAddress{} && got.trust == Trust::none && got.lost_before == 0u);
}

RC_GTEST_PROP(FrameProperty, messages_come_out_as_they_went_in, ()) {
    Letter shared = some_letter(Kind::message);
    shared.borrow();
    const auto texts =
        *rc::gen::container<std::vector<std::string>>(rc::gen::arbitrary<std::string>());
    std::vector<Envelope> sent;
    std::array<std::byte, kMaxDatagramBytes> buffer;
    FrameWriter writer(buffer, shared.envelope);
    for (const std::string& text : texts) {
        Envelope e = shared.envelope;
        e.sequence += sent.size();
        if (!sent.empty()) e.sent_at_us += *rc::gen::arbitrary<std::uint32_t>();
        e.format = some_format();
        e.payload = as_bytes(text);
        if (!writer.add(e)) break;
        sent.push_back(e);
    }
    RC_ASSERT(writer.count() == sent.size());
    RC_ASSERT(sent.empty() == texts.empty());
    if (sent.empty()) return;
    std::vector<Envelope> got;
    RC_ASSERT(decode_messages(writer.finish(), got).has_value());
    RC_ASSERT(got.size() == sent.size());
    for (std::size_t i = 0; i < sent.size(); ++i) expect_same(got[i], sent[i]);
}

RC_GTEST_PROP(FrameProperty, all_parts_of_a_message_make_it_whole_again, ()) {
    Letter letter = some_letter(Kind::fragment);
    const auto total = *rc::gen::inRange<std::size_t>(1, 5000);
    const auto datagram_bytes =
        *rc::gen::inRange<std::size_t>(kMaxDatagramBytes - 700, kMaxDatagramBytes);
    std::string whole(total, '\0');
    for (std::size_t i = 0; i < total; ++i) whole[i] = static_cast<char>(i * 7 % 251);
    Envelope e = letter.borrow();
    e.format = some_format();
    e.total_bytes = static_cast<std::uint32_t>(total);
    e.chunk_bytes = static_cast<std::uint16_t>(fragment_capacity(datagram_bytes, e));
    RC_ASSERT(e.chunk_bytes > 0);
    std::string joined;
    std::array<std::byte, kMaxDatagramBytes> buffer;
    for (; e.offset < total; e.offset += e.chunk_bytes) {
        e.payload = as_bytes(std::string_view(whole).substr(e.offset, e.chunk_bytes));
        const Bytes datagram = encode_single(std::span(buffer).first(datagram_bytes), e);
        std::vector<Envelope> got;
        RC_ASSERT(decode_messages(datagram, got).has_value());
        RC_ASSERT(got.size() == 1u);
        expect_same(got[0], e);
        joined += as_text(got[0].payload);
    }
    RC_ASSERT(joined == whole);
}

RC_GTEST_PROP(FrameProperty, ends_queries_and_answers_come_out_as_they_went_in, ()) {
    Letter letter = some_letter(*rc::gen::element(Kind::end, Kind::query, Kind::answer));
    if (letter.envelope.kind != Kind::end) {
        letter.payload = *rc::gen::arbitrary<std::string>();
        letter.slot = some_text(0, 5);
    }
    const Envelope& sent = letter.borrow();
    std::array<std::byte, kMaxDatagramBytes> buffer;
    std::vector<Envelope> got;
    RC_ASSERT(decode_messages(encode_single(buffer, sent), got).has_value());
    RC_ASSERT(got.size() == 1u);
    expect_same(got[0], sent);
}

RC_GTEST_PROP(FrameProperty, a_frame_with_bytes_changed_at_random_is_refused_or_has_sound_parts,
              ()) {
    Letter letter = some_letter(Kind::fragment);
    letter.payload = "0123456789";
    letter.envelope.total_bytes = 15;
    letter.envelope.chunk_bytes = 10;
    std::array<std::byte, kMaxDatagramBytes> buffer;
    const Bytes datagram = encode_single(buffer, letter.borrow());
    std::vector<std::byte> changed(datagram.begin(), datagram.end());
    for (int i = *rc::gen::inRange(1, 5); i > 0; --i) {
        const auto at = *rc::gen::inRange<std::size_t>(4, changed.size());
        changed[at] = std::byte(*rc::gen::arbitrary<std::uint8_t>());
    }
    std::vector<Envelope> got;
    if (!decode_messages(changed, got)) {
        RC_ASSERT(got.empty());
        return;
    }
    for (const Envelope& e : got) {
        RC_ASSERT(e.payload.size() <= changed.size());
        RC_ASSERT(e.scope != Scope::named || !e.to.empty());
        RC_ASSERT(e.scope != Scope::everybody || e.to.empty());
        RC_ASSERT(e.kind != Kind::fragment || e.offset + e.payload.size() <= e.total_bytes);
    }
}

}  // namespace
}  // namespace mailslot::wire
#endif
