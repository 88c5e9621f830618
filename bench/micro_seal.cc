// What sealing a datagram will cost: libsodium's XChaCha20-Poly1305 over one datagram as
// docs/protocol/frame.md ("The sealed form") lays it out. Our own codec for it is not built yet, so
// these rows measure the cipher alone, and say so in their names.
#include <benchmark/benchmark.h>
#include <sodium.h>

#include <array>
#include <cstddef>
#include <cstdlib>
#include <vector>

namespace {

constexpr std::size_t kClearBytes = 32, kNonceAt = 8;  // the header; the nonce is its last 24 bytes
constexpr std::size_t kTagBytes = crypto_aead_xchacha20poly1305_ietf_ABYTES;
static_assert(kClearBytes - kNonceAt == crypto_aead_xchacha20poly1305_ietf_NPUBBYTES);

using Key = std::array<unsigned char, crypto_aead_xchacha20poly1305_ietf_KEYBYTES>;

// A whole datagram of that size: header, what is sealed in place, tag.
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
    // Into another place, so that it can be opened again.
    bool open(std::vector<unsigned char>& into) {
        unsigned long long length = 0;
        return crypto_aead_xchacha20poly1305_ietf_decrypt(
                   into.data(), &length, nullptr, sealed(), text_bytes() + kTagBytes, bytes.data(),
                   kClearBytes, bytes.data() + kNonceAt, key.data()) == 0;
    }
    Key key{};
    std::vector<unsigned char> bytes;
};

void libsodium_xchacha20_seal_datagram_no_codec(benchmark::State& state) {
    Datagram datagram(static_cast<std::size_t>(state.range(0)));
    for (auto _ : state) {
        if (!datagram.seal()) state.SkipWithError("not sealed");
        benchmark::DoNotOptimize(datagram.bytes.data());
    }
    state.SetBytesProcessed(state.iterations() * state.range(0));
}
BENCHMARK(libsodium_xchacha20_seal_datagram_no_codec)->Arg(200)->Arg(1200);

void libsodium_xchacha20_open_datagram_no_codec(benchmark::State& state) {
    Datagram datagram(static_cast<std::size_t>(state.range(0)));
    std::vector<unsigned char> into(datagram.bytes.size());
    if (!datagram.seal()) state.SkipWithError("not sealed");
    for (auto _ : state) {
        if (!datagram.open(into)) state.SkipWithError("not opened");
        benchmark::DoNotOptimize(into.data());
    }
    state.SetBytesProcessed(state.iterations() * state.range(0));
}
BENCHMARK(libsodium_xchacha20_open_datagram_no_codec)->Arg(200)->Arg(1200);

// A datagram that was changed on the way: what a flood of forgeries costs.
void libsodium_xchacha20_refuse_datagram_no_codec(benchmark::State& state) {
    Datagram datagram(static_cast<std::size_t>(state.range(0)));
    std::vector<unsigned char> into(datagram.bytes.size());
    for (auto _ : state) {
        if (datagram.open(into)) state.SkipWithError("a forgery was opened");
    }
    state.SetBytesProcessed(state.iterations() * state.range(0));
}
BENCHMARK(libsodium_xchacha20_refuse_datagram_no_codec)->Arg(1200);

}  // namespace
