#include "os/shared_memory.h"

#include <fcntl.h>
#include <linux/falloc.h>
#include <linux/magic.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/statfs.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <utility>

#include "os/linux/file_size_signal.h"

namespace mailslot::os {
namespace {

#ifndef F_SEAL_FUTURE_WRITE
#define F_SEAL_FUTURE_WRITE 0x0010
#endif
#ifndef MADV_POPULATE_WRITE
#define MADV_POPULATE_WRITE 23
#endif

Result<Mapping> map(int fd, std::size_t size, int protection) {
    void* data = mmap(nullptr, size, protection, MAP_SHARED | MAP_NORESERVE, fd, 0);
    if (data == MAP_FAILED) return Error{Errc::no_resources, "map shared memory", errno};
    return Mapping(static_cast<std::byte*>(data), size);
}

}  // namespace

Mapping::Mapping(Mapping&& other) noexcept
    : data_(std::exchange(other.data_, nullptr)), size_(std::exchange(other.size_, 0)) {}

Mapping& Mapping::operator=(Mapping&& other) noexcept {
    std::swap(data_, other.data_);
    std::swap(size_, other.size_);
    return *this;
}

Mapping::~Mapping() {
    if (data_ != nullptr) munmap(data_, size_);
}

Result<SharedMemory> create_shared_memory(const char* label, std::size_t size, WhoWrites who) {
    UniqueFd fd(memfd_create(label, MFD_CLOEXEC | MFD_ALLOW_SEALING));
    if (!fd) return Error{Errc::no_resources, "create shared memory", errno};
    if (const FileSizeSignal held; ftruncate(fd.number(), static_cast<off_t>(size)) != 0) {
        return Error{Errc::no_resources, "size shared memory", errno};
    }
    auto mapping = map(fd.number(), size, PROT_READ | PROT_WRITE);
    if (!mapping) return mapping.error();
    int seals = F_SEAL_SHRINK | F_SEAL_GROW;
    if (who == WhoWrites::creator_only) seals |= F_SEAL_FUTURE_WRITE;
    if (fcntl(fd.number(), F_ADD_SEALS, seals | F_SEAL_SEAL) != 0) {
        return Error{Errc::no_resources, "seal shared memory", errno};
    }
    return SharedMemory{std::move(fd), std::move(*mapping)};
}

bool is_shared_memory(const UniqueFd& fd) { return fcntl(fd.number(), F_GET_SEALS) >= 0; }

Result<Mapping> map_shared_memory(Handle memory, WhoWrites who, std::size_t least,
                                  std::size_t most) {
    const int fd = to_number(memory);
    const int seals = fcntl(fd, F_GET_SEALS);
    if (seals < 0) return Error{Errc::bad_segment, "attach", errno, "not a memfd"};
    if ((seals & F_SEAL_SHRINK) == 0) {
        return Error{Errc::bad_segment, "attach", 0, "not sealed against shrinking"};
    }
    // Only ordinary pages: huge pages may have run out when they are touched, and that kills
    // (SIGBUS).
    struct statfs kind {};
    if (fstatfs(fd, &kind) != 0 || kind.f_type != TMPFS_MAGIC) {
        return Error{Errc::bad_segment, "attach", 0, "memory of another kind"};
    }
    struct stat status {};
    if (fstat(fd, &status) != 0) return Error{Errc::bad_segment, "attach", errno};
    const auto size = static_cast<std::size_t>(status.st_size);
    if (status.st_size < 0 || size < least || size > most) {
        return Error{Errc::bad_segment, "attach", 0, "impossible size"};
    }
    return map(fd, size, who == WhoWrites::everyone ? PROT_READ | PROT_WRITE : PROT_READ);
}

std::uint64_t memory_number(const UniqueFd& fd) {
    struct stat status {};
    return fstat(fd.number(), &status) == 0 ? status.st_ino : 0;
}

Result<void> reserve_range(const UniqueFd& fd, const Mapping& mapping, std::size_t offset,
                           std::size_t size) {
    int result;
    do {
        result = madvise(mapping.data() + offset, size, MADV_POPULATE_WRITE);
    } while (result != 0 && (errno == EINTR || errno == EAGAIN));
    if (result == 0) return {};
    if (errno != EINVAL) return Error{Errc::no_resources, "reserve shared memory", errno};
    // MADV_POPULATE_WRITE is unknown before Linux 5.14.
    do {
        result = fallocate(fd.number(), 0, static_cast<off_t>(offset), static_cast<off_t>(size));
    } while (result != 0 && errno == EINTR);
    if (result != 0) return Error{Errc::no_resources, "reserve shared memory", errno};
    return {};
}

bool is_backed(const Mapping& mapping, std::size_t offset, std::size_t size) {
    constexpr std::size_t kPageBytes = 4096, kMostPages = 16;
    std::array<unsigned char, kMostPages> pages{};
    const std::size_t count = (size + kPageBytes - 1) / kPageBytes;
    if (count > kMostPages || mincore(mapping.data() + offset, size, pages.data()) != 0)
        return false;
    return std::all_of(pages.begin(), pages.begin() + static_cast<std::ptrdiff_t>(count),
                       [](unsigned char page) { return (page & 1) != 0; });
}

std::uint64_t backed_bytes(const UniqueFd& fd) {
    constexpr std::uint64_t kBytesPerUnit = 512;  // of st_blocks, whatever the block size
    struct stat status {};
    if (fstat(fd.number(), &status) != 0) return 0;
    return static_cast<std::uint64_t>(status.st_blocks) * kBytesPerUnit;
}

void release_range(const UniqueFd& fd, std::size_t offset, std::size_t size) {
    // A failure only keeps the memory a while longer.
    (void)fallocate(fd.number(), FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE,
                    static_cast<off_t>(offset), static_cast<off_t>(size));
}

}  // namespace mailslot::os
