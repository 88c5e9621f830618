// Anonymous shared memory of a fixed size, passed on as a descriptor.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

#include "mailslot/result.h"
#include "os/fd.h"

namespace mailslot::os {

// A mapping that unmaps itself.
class Mapping {
public:
    Mapping() = default;
    Mapping(std::byte* data, std::size_t size) : data_(data), size_(size) {}
    Mapping(Mapping&& other) noexcept;
    Mapping& operator=(Mapping&& other) noexcept;
    ~Mapping();

    std::byte* data() const { return data_; }
    std::size_t size() const { return size_; }

private:
    std::byte* data_ = nullptr;
    std::size_t size_ = 0;
};

enum class WhoWrites { everyone, creator_only };

struct SharedMemory {
    UniqueFd fd;
    Mapping mapping;
};

// Makes `size` zero bytes, which take no memory until they are touched. Maps them writable, then
// seals the size (and, for creator_only, forbids every later writable mapping).
// Errors: no_resources
Result<SharedMemory> create_shared_memory(const char* label, std::size_t size, WhoWrites who);

// Maps memory that another process handed over.
// Errors: bad_segment if the memory is not sealed against shrinking, of another kind, or not of
// `least` to `most` bytes; no_resources
Result<Mapping> map_shared_memory(Handle fd, WhoWrites who, std::size_t least, std::size_t most);
inline Result<Mapping> map_shared_memory(const UniqueFd& fd, WhoWrites who, std::size_t least,
                                         std::size_t most) {
    return map_shared_memory(fd.get(), who, least, most);
}
// Returns whether a descriptor from a stranger is a memfd, which closes without delay.
bool is_shared_memory(const UniqueFd& fd);
// Returns a number that all descriptors of a memory share, and no two memories of living slots.
std::uint64_t memory_number(const UniqueFd& fd);

// Takes memory for a range of the whole mapping of `fd`, so that touching it there cannot fail, and
// causes no page fault if the system can avoid that.
// Errors: no_resources
Result<void> reserve_range(const UniqueFd& fd, const Mapping& mapping, std::size_t offset,
                           std::size_t size);
// Returns whether all pages of a range have memory. The range begins at a page, and has at most 64
// KiB.
bool is_backed(const Mapping& mapping, std::size_t offset, std::size_t size);
// Returns how many bytes of memory the whole of `fd` takes at present.
std::uint64_t backed_bytes(const UniqueFd& fd);
// Gives the range back to the system; its bytes read as zeroes from then on.
void release_range(const UniqueFd& fd, std::size_t offset, std::size_t size);

}  // namespace mailslot::os
