#include "os/folder.h"

#include <dirent.h>
#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <chrono>
#include <thread>

#include "os/linux/file_size_signal.h"

namespace mailslot::os {
namespace {

constexpr std::size_t kSmallFileBytes = 4096;
constexpr std::chrono::milliseconds kLockPatience{2000};
constexpr int kLockAttempts = 8;  // if another process keeps removing the file

Error error_of(const char* step, const std::string& path) {
    const int code = errno;
    const bool refused = code == EACCES || code == EPERM || code == EROFS || code == ELOOP;
    return Error{refused ? Errc::no_permission : Errc::no_resources, step, code, path};
}

// Returns whether only root can have put the path into its parent folder.
bool is_roots_alone(const std::string& path) {
    struct stat status {};
    const auto slash = path.rfind('/');
    const std::string parent = slash == 0 ? "/" : path.substr(0, slash);
    return slash != std::string::npos && lstat(parent.c_str(), &status) == 0 &&
           S_ISDIR(status.st_mode) && status.st_uid == 0 &&
           (status.st_mode & (S_IWGRP | S_IWOTH)) == 0;
}

GuardedFd open_guarded(const std::string& path, int flags) {
    return GuardedFd::make(
        [&] { return open(path.c_str(), flags | O_CLOEXEC | O_NOFOLLOW, 0600); });
}

bool write_all(int fd, std::string_view text) {
    const FileSizeSignal held;
    while (!text.empty()) {
        const ssize_t written = write(fd, text.data(), text.size());
        if (written < 0 && errno == EINTR) continue;
        if (written <= 0) return false;
        text.remove_prefix(static_cast<std::size_t>(written));
    }
    return true;
}

}  // namespace

Result<void> check_folder(const std::string& path) {
    struct stat status {};
    if (lstat(path.c_str(), &status) != 0) return error_of("look at folder", path);
    if (!S_ISDIR(status.st_mode)) {
        return Error{Errc::bad_config, "use folder", 0,
                     path + (S_ISLNK(status.st_mode) ? " is a link, and links are not followed"
                                                     : " is not a folder")};
    }
    const std::string parent = path.substr(0, path.rfind('/'));
    const bool is_given =
        is_roots_alone(path) || (owner_of(parent) == status.st_uid && is_roots_alone(parent));
    if (status.st_uid != geteuid() && status.st_uid != 0 && !is_given) {
        return Error{Errc::no_permission, "use folder", 0, path + " belongs to another user"};
    }
    return {};
}

std::optional<std::uint32_t> owner_of(const std::string& path) {
    struct stat status {};
    if (lstat(path.c_str(), &status) != 0) return std::nullopt;
    return status.st_uid;
}

bool set_mode(const std::string& path, unsigned mode) { return chmod(path.c_str(), mode) == 0; }

void give_to_folder_owner(const std::string& path) {
    const auto owner = owner_of(path.substr(0, path.rfind('/')));
    if (geteuid() != 0 || !owner || *owner == 0) return;
    // If this fails, the owner gets an error on opening the file.
    [[maybe_unused]] const int result = lchown(path.c_str(), *owner, static_cast<gid_t>(-1));
}

Result<void> make_folder(const std::string& path, unsigned mode) {
    bool is_made = mkdir(path.c_str(), mode) == 0;
    if (!is_made && errno == ENOENT) {
        const auto slash = path.rfind('/');
        if (slash == 0 || slash == std::string::npos) return error_of("make folder", path);
        if (auto made = make_folder(path.substr(0, slash), 0755); !made) return made;
        is_made = mkdir(path.c_str(), mode) == 0;
    }
    if (is_made && chmod(path.c_str(), mode) == 0) return {};  // past the umask
    if (is_made || errno != EEXIST) return error_of("make folder", path);
    return check_folder(path);
}

std::optional<FileId> file_at(const std::string& path) {
    struct stat status {};
    if (lstat(path.c_str(), &status) != 0) return std::nullopt;
    return FileId{status.st_dev, status.st_ino};
}

std::optional<FileId> file_of(const GuardedFd& fd) {
    struct stat status {};
    if (!fd || fstat(fd.number(), &status) != 0) return std::nullopt;
    return FileId{status.st_dev, status.st_ino};
}

Result<GuardedFd> try_lock_file(const std::string& path) {
    for (int attempt = 0; attempt < kLockAttempts; ++attempt) {
        GuardedFd fd = open_guarded(path, O_RDWR | O_CREAT);
        if (!fd) return error_of("open lock", path);
        give_to_folder_owner(path);
        if (flock(fd.number(), LOCK_EX | LOCK_NB) != 0) {
            if (errno == EWOULDBLOCK) return GuardedFd();
            return error_of("lock", path);
        }
        if (file_at(path) == file_of(fd)) return fd;
    }
    return GuardedFd();
}

Result<GuardedFd> replace_lock_file(const std::string& path) {
    const auto slash = path.rfind('/');
    const std::string draft = path.substr(0, slash + 1) + "." + path.substr(slash + 1) + "." +
                              std::to_string(getpid()) + "." + std::to_string(gettid());
    GuardedFd fd = open_guarded(draft, O_RDWR | O_CREAT);
    if (!fd) return error_of("open lock", draft);
    give_to_folder_owner(draft);
    if (flock(fd.number(), LOCK_EX | LOCK_NB) != 0 || rename(draft.c_str(), path.c_str()) != 0) {
        const Error error = error_of("replace lock", path);
        unlink(draft.c_str());
        return error;
    }
    return fd;
}

Result<GuardedFd> lock_file(const std::string& path) {
    // Tries again and again: flock(2) has no time limit, and a stopped process may hold the lock.
    const auto until = std::chrono::steady_clock::now() + kLockPatience;
    for (;;) {
        auto lock = try_lock_file(path);
        if (!lock || *lock) return lock;
        if (std::chrono::steady_clock::now() >= until)
            return Error{Errc::timed_out, "lock", 0,
                         "a process that holds " + path + " does not answer"};
        std::this_thread::sleep_for(std::chrono::milliseconds(1));
    }
}

Result<std::optional<std::string>> read_small_file(const std::string& path) {
    UniqueFd fd(open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK));
    if (!fd && errno == ENOENT) return std::optional<std::string>();
    if (!fd) return error_of("read file", path);
    std::string text(kSmallFileBytes, '\0');
    const ssize_t got = read(fd.number(), text.data(), text.size());
    if (got < 0) return error_of("read file", path);
    text.resize(static_cast<std::size_t>(got));
    return std::optional(std::move(text));
}

Result<void> write_small_file(const std::string& path, std::string_view text, unsigned mode) {
    const auto slash = path.rfind('/');
    const std::string draft = path.substr(0, slash + 1) + "." + path.substr(slash + 1) + "." +
                              std::to_string(getpid()) + "." + std::to_string(gettid());
    UniqueFd fd(open(draft.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, 0600));
    if (!fd) return error_of("write file", draft);
    if (!write_all(fd.number(), text) || fchmod(fd.number(), mode) != 0 ||
        rename(draft.c_str(), path.c_str()) != 0) {
        const Error error = error_of("write file", path);
        unlink(draft.c_str());
        return error;
    }
    return {};
}

Result<void> overwrite_file(const GuardedFd& fd, std::string_view text) {
    const auto size = static_cast<off_t>(text.size());
    if (pwrite(fd.number(), text.data(), text.size(), 0) != size ||
        ftruncate(fd.number(), size) != 0) {
        return error_of("write", "lock");
    }
    return {};
}

bool remove_file(const std::string& path) { return unlink(path.c_str()) == 0; }

bool remove_socket(const std::string& path) {
    struct stat status {};
    return lstat(path.c_str(), &status) == 0 && S_ISSOCK(status.st_mode) && remove_file(path);
}

std::vector<std::string> list_folder(const std::string& path) {
    std::vector<std::string> names;
    DIR* folder = opendir(path.c_str());
    if (folder == nullptr) return names;
    while (const dirent* entry = readdir(folder)) {
        if (entry->d_name[0] != '.') names.emplace_back(entry->d_name);
    }
    closedir(folder);
    return names;
}

}  // namespace mailslot::os
