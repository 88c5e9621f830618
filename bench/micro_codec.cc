// Names and frames: costs once an address, and once a datagram.
#include <benchmark/benchmark.h>

#include <string>
#include <vector>

#include "model/address.h"
#include "wire/frame.h"

namespace mailslot {
namespace {

void parse(benchmark::State& state, const char* text) {
    for (auto _ : state) benchmark::DoNotOptimize(parse_address(text));
}
BENCHMARK_CAPTURE(parse, bare_name, "LISTENER");
BENCHMARK_CAPTURE(parse, everybody, R"(\\*\mailslot\LISTENER)");
BENCHMARK_CAPTURE(parse, beyond_ascii, "\\\\g\u00f6teborg\\mailslot\\\u00e9t\u00e9");
BENCHMARK_CAPTURE(parse, ipv6, R"(\\fe80::1%3\mailslot\log\app)");

constexpr std::size_t kDatagramBytes = 1200;

Envelope envelope_of(const std::string& payload) {
    Envelope envelope;
    envelope.slot = "LISTENER";
    envelope.from_host = "alpha";
    envelope.machine_id = 1;
    envelope.origin = 2;
    envelope.sequence = 1;
    envelope.sent_at_us = 1'700'000'000'000'000;
    envelope.payload = as_bytes(payload);
    return envelope;
}

// Adds as many messages as fit. Returns their number.
std::size_t fill(wire::FrameWriter& writer, Envelope message) {
    while (writer.add(message)) ++message.sequence;
    return writer.count();
}

void encode_frame(benchmark::State& state) {
    const std::string payload(static_cast<std::size_t>(state.range(0)), 'x');
    const Envelope message = envelope_of(payload);
    std::vector<std::byte> buffer(kDatagramBytes);
    std::size_t messages = 0;
    for (auto _ : state) {
        wire::FrameWriter writer(buffer, message);
        messages += fill(writer, message);
        benchmark::DoNotOptimize(writer.finish().data());
    }
    state.SetItemsProcessed(static_cast<std::int64_t>(messages));
}
BENCHMARK(encode_frame)->Arg(16)->Arg(100)->Arg(400);

void decode_frame(benchmark::State& state) {
    const std::string payload(static_cast<std::size_t>(state.range(0)), 'x');
    const Envelope message = envelope_of(payload);
    std::vector<std::byte> buffer(kDatagramBytes);
    wire::FrameWriter writer(buffer, message);
    const std::size_t messages = fill(writer, message);
    const Bytes datagram = writer.finish();
    for (auto _ : state) {
        Parcel parcel;
        if (!wire::decode_frame(datagram, parcel)) state.SkipWithError("the frame is bad");
        benchmark::DoNotOptimize(parcel);
    }
    state.SetItemsProcessed(state.iterations() * static_cast<std::int64_t>(messages));
}
BENCHMARK(decode_frame)->Arg(16)->Arg(100)->Arg(400);

}  // namespace
}  // namespace mailslot
