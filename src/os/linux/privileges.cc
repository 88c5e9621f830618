#include "os/privileges.h"

#include <grp.h>
#include <linux/capability.h>
#include <pwd.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <optional>
#include <vector>

namespace mailslot::os {
namespace {

struct User {
    uid_t uid = 0;
    gid_t gid = 0;
};

std::optional<User> find_user(const std::string& name) {
    std::vector<char> room(16384);
    passwd entry{};
    passwd* found = nullptr;
    getpwnam_r(name.c_str(), &entry, room.data(), room.size(), &found);
    if (found == nullptr) return std::nullopt;
    return User{entry.pw_uid, entry.pw_gid};
}

Error unknown(const std::string& name) {
    return {Errc::bad_config, "user", 0, "unknown user '" + name + "'"};
}

Error refused(const char* what) { return {Errc::no_permission, what, errno}; }

Result<void> set_capabilities(std::uint32_t low_mask) {
    __user_cap_header_struct header{_LINUX_CAPABILITY_VERSION_3, 0};
    std::array<__user_cap_data_struct, 2> data{};
    data[0] = {low_mask, low_mask, 0};
    if (syscall(SYS_capset, &header, data.data()) != 0) return refused("set capabilities");
    return {};
}

}  // namespace

bool is_user(const std::string& name) { return find_user(name).has_value(); }

Result<void> become_user(const std::string& name, bool keeps_low_ports) {
    const auto user = find_user(name);
    if (!user) return unknown(name);
    if (geteuid() != 0) {
        return Error{Errc::no_permission, "become user", 0, "only root can run as another user"};
    }
    if (user->uid == 0) return {};  // already root, as asked
    for (int capability = 0; prctl(PR_CAPBSET_READ, capability, 0, 0, 0) >= 0; ++capability) {
        if (keeps_low_ports && capability == CAP_NET_BIND_SERVICE) continue;
        if (prctl(PR_CAPBSET_DROP, capability, 0, 0, 0) != 0) return refused("drop capabilities");
    }
    if (prctl(PR_SET_KEEPCAPS, keeps_low_ports ? 1 : 0, 0, 0, 0) != 0) return refused("keep ports");
    if (setgroups(0, nullptr) != 0) return refused("set groups");
    if (setresgid(user->gid, user->gid, user->gid) != 0) return refused("set group");
    if (setresuid(user->uid, user->uid, user->uid) != 0) return refused("set user");
    auto left = set_capabilities(keeps_low_ports ? std::uint32_t{1} << CAP_NET_BIND_SERVICE : 0);
    if (!left) return left;
    if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0) return refused("set no new privileges");
    return {};
}

Result<void> make_folder_for(const std::string& path, const std::string& user) {
    const auto owner = find_user(user);
    if (!owner) return unknown(user);
    if (mkdir(path.c_str(), 0755) != 0) {
        if (errno == EEXIST) return {};
        return Error{Errc::no_permission, "make folder", errno, path};
    }
    const bool is_his =
        chmod(path.c_str(), 0755) == 0 && lchown(path.c_str(), owner->uid, owner->gid) == 0;
    if (!is_his) return Error{Errc::no_permission, "make folder", errno, path};
    return {};
}

}  // namespace mailslot::os
