#include "os/failure.h"

#include <cerrno>

namespace mailslot::os {
namespace {

struct Row {
    int code;
    Failure failure;
};

// The first row of a meaning is the one that code_of() returns.
constexpr Row kRows[] = {
    {0, Failure::none},
    {EAGAIN, Failure::busy},
    {EINTR, Failure::busy},
    {ECONNABORTED, Failure::busy},
    {ENOMEM, Failure::no_memory},
    {ENOBUFS, Failure::no_memory},
    {EMFILE, Failure::no_descriptors},
    {ENFILE, Failure::no_open_files},
    {ENOSPC, Failure::no_space},
    {EDQUOT, Failure::no_space},
    {EFBIG, Failure::file_too_big},
    {EISDIR, Failure::is_folder},
    {ENOENT, Failure::missing},
    {ENOTDIR, Failure::missing},
    {EROFS, Failure::read_only},
    {EPERM, Failure::forbidden},
    {ENOSYS, Failure::no_such_call},
    {EAFNOSUPPORT, Failure::no_family},
    {EADDRNOTAVAIL, Failure::no_address},
};

}  // namespace

Failure failure_of(int os_code) {
    for (const Row& row : kRows) {
        if (row.code == os_code) return row.failure;
    }
    return Failure::other;
}

int code_of(Failure failure) {
    for (const Row& row : kRows) {
        if (row.failure == failure) return row.code;
    }
    return EIO;  // Failure::other
}

int last_code() { return errno; }

}  // namespace mailslot::os
