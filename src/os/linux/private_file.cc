#include "os/private_file.h"

#include <dirent.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <memory>

#include "os/fd.h"
#include "os/folder.h"
#include "os/linux/file_size_signal.h"

namespace mailslot::os {
namespace {

constexpr unsigned kPermissionBits = 07777;

Error file_error(const char* step, const std::string& path, int os_code) {
    const bool denied = os_code == EACCES || os_code == EPERM || os_code == EROFS;
    return Error{denied ? Errc::no_permission : Errc::no_resources, step, os_code, path};
}

bool write_all(int fd, std::string_view text) {
    const FileSizeSignal held;
    while (!text.empty()) {
        const ssize_t written = ::write(fd, text.data(), text.size());
        if (written < 0 && errno == EINTR) continue;
        if (written <= 0) return false;
        text.remove_prefix(static_cast<std::size_t>(written));
    }
    return true;
}

}  // namespace

Result<std::optional<PrivateFile>> read_private_file(const std::string& path,
                                                     std::span<char> into) {
    // Non-blocking, so that opening something other than a file, for example a pipe, does not wait.
    const UniqueFd fd(::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY));
    if (fd.number() < 0) {
        if (errno == ENOENT || errno == ENOTDIR) return std::optional<PrivateFile>();
        return file_error("open file", path, errno);
    }
    struct stat status {};
    if (fstat(fd.number(), &status) != 0) return file_error("open file", path, errno);
    PrivateFile file;
    file.owner = status.st_uid;
    file.mode = status.st_mode & kPermissionBits;
    file.is_regular = S_ISREG(status.st_mode);
    while (file.is_regular && file.size < into.size()) {
        const ssize_t got = ::read(fd.number(), into.data() + file.size, into.size() - file.size);
        if (got < 0 && errno == EINTR) continue;
        if (got < 0) return file_error("read file", path, errno);
        if (got == 0) break;
        file.size += static_cast<std::size_t>(got);
    }
    return std::optional(file);
}

Result<void> write_private_file(const std::string& path, std::string_view text, bool may_replace,
                                Belongs belongs) {
    // The draft must stand in the same folder to be renamed. Its name is hidden from listings.
    const auto slash = path.rfind('/');
    const std::string folder = slash == path.npos ? "" : path.substr(0, slash + 1);
    std::string made = folder + ".new-XXXXXX";
    const UniqueFd fd(mkostemp(made.data(), O_CLOEXEC));  // mode 0600
    if (fd.number() < 0) return file_error("create file", path, errno);
    bool done = write_all(fd.number(), text) && fsync(fd.number()) == 0;
    // Changes the owner before the file has its name, so that every reader finds it readable.
    const auto owner = owner_of(folder.empty() ? "." : folder);
    if (done && belongs == Belongs::to_folder_owner && geteuid() == 0 && owner && *owner != 0) {
        done = fchown(fd.number(), *owner, static_cast<gid_t>(-1)) == 0;
    }
    // link() refuses to replace an existing file, rename() does not.
    done = done && (may_replace ? rename(made.c_str(), path.c_str()) == 0
                                : link(made.c_str(), path.c_str()) == 0);
    const int os_code = done ? 0 : errno;
    if (!done || !may_replace) unlink(made.c_str());
    if (done) return {};
    if (os_code == EEXIST) return Error{Errc::slot_exists, "create file", os_code, path};
    return file_error("write file", path, os_code);
}

std::optional<FolderState> folder_state(const std::string& path) {
    struct stat status {};
    if (stat(path.c_str(), &status) != 0 || !S_ISDIR(status.st_mode)) return std::nullopt;
    const auto changed = static_cast<std::uint64_t>(status.st_mtim.tv_sec) * 1'000'000'000u +
                         static_cast<std::uint64_t>(status.st_mtim.tv_nsec);
    // Never 0, and another number for another folder of the same name.
    return FolderState{status.st_uid, status.st_mode & kPermissionBits,
                       changed ^ (static_cast<std::uint64_t>(status.st_ino) << 40) ^ 1};
}

Result<std::vector<std::string>> names_in(const std::string& path) {
    const auto close = [](DIR* folder) { closedir(folder); };
    const std::unique_ptr<DIR, decltype(close)> folder(opendir(path.c_str()), close);
    std::vector<std::string> names;
    if (!folder) {
        if (errno == ENOENT || errno == ENOTDIR) return names;
        return file_error("list folder", path, errno);
    }
    while (const dirent* const entry = readdir(folder.get())) {
        if (entry->d_name[0] != '.') names.emplace_back(entry->d_name);
    }
    std::ranges::sort(names);
    return names;
}

}  // namespace mailslot::os
