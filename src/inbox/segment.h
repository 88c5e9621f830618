// A slot's mapped segment: typed access with every block number checked.
#pragma once

#include "inbox/layout.h"
#include "os/shared_memory.h"

namespace mailslot::inbox {

class Segment {
public:
    // Errors: no_resources
    static Result<Segment> create(const Limits& limits);
    // Maps another process's segment.
    // Errors: bad_segment, no_resources
    static Result<Segment> attach(os::UniqueFd fd);

    const Geometry& geometry() const { return geometry_; }
    const os::UniqueFd& fd() const { return fd_; }
    Header& header() const { return *reinterpret_cast<Header*>(mapping_.data()); }

    // `block` must be below geometry().block_count.
    std::atomic<BlockState>& state(std::uint32_t block) const {
        return *reinterpret_cast<std::atomic<BlockState>*>(mapping_.data() + kHeaderBytes + block);
    }
    std::byte* block(std::uint32_t block) const {
        return blocks_ + std::size_t{block} * kBlockBytes;
    }
    // The link out of a block; the root link for kNoBlock.
    std::atomic<std::uint32_t>& link(std::uint32_t block) const {
        if (block == kNoBlock) return header().root_link;
        return *reinterpret_cast<std::atomic<std::uint32_t>*>(this->block(block));
    }
    // Returns the block that a link names; kNoBlock if it names none, or none that exists.
    std::uint32_t follow(std::uint32_t block,
                         std::memory_order order = std::memory_order_acquire) const {
        const std::uint32_t link_value = link(block).load(order);
        return link_value <= geometry_.block_count ? link_value - 1 : kNoBlock;
    }
    std::atomic<std::uint64_t>& word(Position at) const {
        return word_at(block(at.block) + at.offset);
    }
    static std::atomic<std::uint64_t>& word_at(std::byte* place) {
        return *reinterpret_cast<std::atomic<std::uint64_t>*>(place);
    }
    // A record begins at a multiple of a cache line, so its header never straddles blocks.
    static bool is_at_end(Position at) { return at.offset == kBlockBytes; }

    // Back a block with memory and make touching it cheap; give its memory back.
    Result<void> reserve(std::uint32_t block) const;
    void release(std::uint32_t block) const;
    // Returns whether all of a block has memory.
    bool is_backed(std::uint32_t block) const;

private:
    Segment(os::UniqueFd fd, os::Mapping mapping, const Geometry& geometry);

    os::UniqueFd fd_;
    os::Mapping mapping_;
    Geometry geometry_;
    std::byte* blocks_;
};

// A consistent copy of the tail that is valid now. A hostile segment may give any numbers, but
// cannot keep read_tail() from returning.
struct TailCopy {
    Position at;
    std::uint64_t count = 0, bytes = 0;
};
TailCopy read_tail(const Header& header);

// All that the reader has ever taken out.
struct Consumed {
    std::uint64_t count = 0, bytes = 0;

    void add(std::uint64_t messages, std::uint64_t payload_bytes) {
        count += messages;
        bytes += payload_bytes;
    }
};

}  // namespace mailslot::inbox
