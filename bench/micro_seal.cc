// Cost of sealing a datagram: libsodium's XChaCha20-Poly1305 alone over a datagram in the form of
// docs/protocol/frame.md ("The sealed form"), our codec, and a receiver's whole work with a
// datagram, a copy and a forgery. In streams: sealed.py.
#include <benchmark/benchmark.h>
#include <sodium.h>

#include <array>
#include <cstddef>
#include <cstdlib>
#include <vector>

#include "trust/opener.h"
#include "wire/frame.h"

namespace {

constexpr std::size_t kClearBytes = 32, kNonceAt = 8;  // the header; the nonce is its last 24 bytes
constexpr std::size_t kTagBytes = crypto_aead_xchacha20poly1305_ietf_ABYTES;
static_assert(kClearBytes - kNonceAt == crypto_aead_xchacha20poly1305_ietf_NPUBBYTES);

using Key = std::array<unsigned char, crypto_aead_xchacha20poly1305_ietf_KEYBYTES>;

// A whole datagram of a given size: header, sealed part, tag.
struct Datagram {
    explicit Datagram(std::size_t size) : bytes(size, 'x') {
        if (sodium_init() < 0) std::abort();
        key.fill(7);
    }
    unsigned char* sealed() { return bytes.data() + kClearBytes; }
    std::size_t text_bytes() const { return bytes.size() - kClearBytes - kTagBytes; }
    bool seal() {
        unsigned long long length = 0;
        return crypto_aead_xchacha20poly1305_ietf_encrypt(sealed(), &length, sealed(), text_bytes(),
                                                          bytes.data(), kClearBytes, nullptr,
                                                          bytes.data() + kNonceAt, key.data()) == 0;
    }
    // Opens into another place, so that the datagram can be opened again.
    bool open(std::vector<unsigned char>& into) {
        unsigned long long length = 0;
        return crypto_aead_xchacha20poly1305_ietf_decrypt(
                   into.data(), &length, nullptr, sealed(), text_bytes() + kTagBytes, bytes.data(),
                   kClearBytes, bytes.data() + kNonceAt, key.data()) == 0;
    }
    Key key{};
    std::vector<unsigned char> bytes;
};

void libsodium_xchacha20_seal_datagram(benchmark::State& state) {
    Datagram datagram(static_cast<std::size_t>(state.range(0)));
    for (auto _ : state) {
        if (!datagram.seal()) state.SkipWithError("not sealed");
        benchmark::DoNotOptimize(datagram.bytes.data());
    }
    state.SetBytesProcessed(state.iterations() * state.range(0));
}
BENCHMARK(libsodium_xchacha20_seal_datagram)->Arg(200)->Arg(1200);

void libsodium_xchacha20_open_datagram(benchmark::State& state) {
    Datagram datagram(static_cast<std::size_t>(state.range(0)));
    std::vector<unsigned char> into(datagram.bytes.size());
    if (!datagram.seal()) state.SkipWithError("not sealed");
    for (auto _ : state) {
        if (!datagram.open(into)) state.SkipWithError("not opened");
        benchmark::DoNotOptimize(into.data());
    }
    state.SetBytesProcessed(state.iterations() * state.range(0));
}
BENCHMARK(libsodium_xchacha20_open_datagram)->Arg(200)->Arg(1200);

// A datagram changed on its way: the cost of a flood of forgeries.
void libsodium_xchacha20_refuse_datagram(benchmark::State& state) {
    Datagram datagram(static_cast<std::size_t>(state.range(0)));
    std::vector<unsigned char> into(datagram.bytes.size());
    for (auto _ : state) {
        if (datagram.open(into)) state.SkipWithError("a forgery was opened");
    }
    state.SetBytesProcessed(state.iterations() * state.range(0));
}
BENCHMARK(libsodium_xchacha20_refuse_datagram)->Arg(1200);

// --- Ours

using namespace mailslot;

trust::Secret secret_of_sevens() {
    trust::Secret secret = trust::Secret::make().value();
    for (std::byte& byte : secret.fill()) byte = std::byte{7};
    return secret;
}

// Returns a plain frame with a single message, `sealed_bytes` long once sealed.
std::vector<std::byte> plain_frame(std::size_t sealed_bytes) {
    std::vector<std::byte> buffer(sealed_bytes - wire::kSealBytes);
    Envelope envelope;
    envelope.slot = "LISTENER";
    envelope.from_host = "alpha";
    envelope.origin = envelope.sequence = 1;
    envelope.sent_at_us = SystemClock().unix_microseconds();
    const std::string payload(buffer.size() - wire::kFrameHeaderBytes - 13 - 9, 'x');
    envelope.payload = as_bytes(payload);
    wire::FrameWriter writer(buffer, envelope);
    if (!writer.add(envelope) || writer.finish().size() != buffer.size()) std::abort();
    return buffer;
}

void seal_datagram(benchmark::State& state) {
    const trust::Secret secret = secret_of_sevens();
    const auto plain = plain_frame(static_cast<std::size_t>(state.range(0)));
    std::vector<std::byte> out(plain.size() + wire::kSealBytes);
    const trust::KeyId id = secret.id();
    trust::Stamp stamp{1, 2, 0};
    for (auto _ : state) {
        ++stamp.counter;
        benchmark::DoNotOptimize(trust::seal(out, plain, secret, id, stamp, {}).data());
    }
    state.SetBytesProcessed(state.iterations() * state.range(0));
}
BENCHMARK(seal_datagram)->Arg(200)->Arg(1200);

enum class Kind : std::uint8_t { genuine, copy, forged };

// A receiver's work with a datagram, from the clear header to the decoded frame.
void take(benchmark::State& state, Kind kind) {
    const trust::Secret secret = secret_of_sevens();
    std::vector<trust::DomainKeys> domains(1);
    domains[0].domain = domains[0].folded = "LAB";
    domains[0].current = trust::key_of(secret.copy().value(), 0);
    const SystemClock clock;
    trust::ReplayWindows windows;
    trust::Opener opener(trust::Keys::of(trust::KeyRing(std::move(domains))), clock, windows);
    Parcel parcel;
    const auto plain = plain_frame(static_cast<std::size_t>(state.range(0)));
    std::vector<std::byte> datagram(plain.size() + wire::kSealBytes), again(datagram.size());
    trust::Stamp stamp{1, 2, 1};
    const auto sealed = [&] {
        return trust::seal(datagram, plain, secret, secret.id(), stamp, {});
    };
    sealed();
    if (kind == Kind::forged) datagram.back() ^= std::byte{1};
    opener.begin_batch();
    for (auto _ : state) {
        if (kind == Kind::genuine) {
            state.PauseTiming();
            ++stamp.counter;
            sealed();
            state.ResumeTiming();
        }
        again = datagram;
        benchmark::DoNotOptimize(opener.take(again, {}, parcel));
    }
    state.SetBytesProcessed(state.iterations() * state.range(0));
}
BENCHMARK_CAPTURE(take, genuine_datagram, Kind::genuine)->Arg(1200);
BENCHMARK_CAPTURE(take, copy_of_datagram, Kind::copy)->Arg(1200);
BENCHMARK_CAPTURE(take, forged_datagram, Kind::forged)->Arg(1200);

}  // namespace
