// A zstd frame with a checksum and its size: docs/history.md, "Frames".
#pragma once

#include <cstddef>
#include <memory>
#include <string>
#include <string_view>

#include "mailslot/result.h"

namespace mailslot::store {

// Threads: one at a time.
class Compressor {
public:
    Compressor();
    ~Compressor();
    Compressor(Compressor&&) noexcept;
    Compressor& operator=(Compressor&&) noexcept;

    void compress(std::string_view bytes, std::string& frame);  // replaces `frame`

private:
    struct State;
    std::unique_ptr<State> state_;
};

// Threads: one at a time.
class Decompressor {
public:
    Decompressor();
    ~Decompressor();
    Decompressor(Decompressor&&) noexcept;
    Decompressor& operator=(Decompressor&&) noexcept;

    // Replaces `bytes`. Takes no more than `most` bytes of memory for the content.
    // Errors: bad_packet.
    Result<void> decompress(std::string_view frame, std::size_t most, std::string& bytes);

private:
    struct State;
    std::unique_ptr<State> state_;
};

}  // namespace mailslot::store
