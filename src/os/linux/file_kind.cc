#include "os/file_kind.h"

#include <sys/stat.h>
#include <sys/sysmacros.h>

#include <cerrno>

namespace mailslot::os {
namespace {

bool is_null_device(const struct stat& status) {
    constexpr unsigned kMajor = 1, kMinor = 3;  // Linux, Documentation/admin-guide/devices.txt
    return S_ISCHR(status.st_mode) && status.st_rdev == makedev(kMajor, kMinor);
}

}  // namespace

FileKind kind_of(const std::string& path) {
    struct stat status {};
    if (stat(path.c_str(), &status) != 0) return FileKind::missing;
    if (S_ISREG(status.st_mode) || is_null_device(status)) return FileKind::file;
    if (S_ISDIR(status.st_mode)) return FileKind::folder;
    if (S_ISFIFO(status.st_mode)) return FileKind::pipe;
    return S_ISSOCK(status.st_mode) ? FileKind::socket : FileKind::device;
}

bool is_missing(const std::string& path) {
    struct stat status {};
    return stat(path.c_str(), &status) != 0 && errno == ENOENT;
}

}  // namespace mailslot::os
