#include "store/frame.h"

#include <zstd.h>

#include <new>

namespace mailslot::store {
namespace {

constexpr int kCompressionLevel = 1;  // higher levels cost a keeper more time than space is worth

}  // namespace

struct Compressor::State {
    ZSTD_CCtx* context = ZSTD_createCCtx();
    State() {
        if (context == nullptr) throw std::bad_alloc();
        ZSTD_CCtx_setParameter(context, ZSTD_c_compressionLevel, kCompressionLevel);
        ZSTD_CCtx_setParameter(context, ZSTD_c_checksumFlag, 1);
    }
    ~State() { ZSTD_freeCCtx(context); }
    State(const State&) = delete;
    State& operator=(const State&) = delete;
};

Compressor::Compressor() : state_(std::make_unique<State>()) {}
Compressor::~Compressor() = default;
Compressor::Compressor(Compressor&&) noexcept = default;
Compressor& Compressor::operator=(Compressor&&) noexcept = default;

void Compressor::compress(std::string_view bytes, std::string& frame) {
    frame.resize(ZSTD_compressBound(bytes.size()));
    const std::size_t size =
        ZSTD_compress2(state_->context, frame.data(), frame.size(), bytes.data(), bytes.size());
    if (ZSTD_isError(size) != 0) throw std::bad_alloc();  // no other reason is left
    frame.resize(size);
}

struct Decompressor::State {
    ZSTD_DCtx* context = ZSTD_createDCtx();
    State() {
        if (context == nullptr) throw std::bad_alloc();
    }
    ~State() { ZSTD_freeDCtx(context); }
    State(const State&) = delete;
    State& operator=(const State&) = delete;
};

Decompressor::Decompressor() : state_(std::make_unique<State>()) {}
Decompressor::~Decompressor() = default;
Decompressor::Decompressor(Decompressor&&) noexcept = default;
Decompressor& Decompressor::operator=(Decompressor&&) noexcept = default;

Result<void> Decompressor::decompress(std::string_view frame, std::size_t most,
                                      std::string& bytes) {
    const unsigned long long size = ZSTD_getFrameContentSize(frame.data(), frame.size());
    if (size == ZSTD_CONTENTSIZE_UNKNOWN || size == ZSTD_CONTENTSIZE_ERROR)
        return Error{Errc::bad_packet, "frame has no size"};
    if (size > most) return Error{Errc::bad_packet, "frame is too large"};
    // A second frame behind the first would not be part of the size.
    if (ZSTD_findFrameCompressedSize(frame.data(), frame.size()) != frame.size())
        return Error{Errc::bad_packet, "frame is cut off"};
    bytes.resize(static_cast<std::size_t>(size));
    const std::size_t got = ZSTD_decompressDCtx(state_->context, bytes.data(), bytes.size(),
                                                frame.data(), frame.size());
    if (ZSTD_isError(got) != 0 || got != bytes.size())
        return Error{Errc::bad_packet, "frame is damaged"};
    return {};
}

}  // namespace mailslot::store
