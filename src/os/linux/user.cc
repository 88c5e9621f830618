#include "os/user.h"

#include <pwd.h>
#include <unistd.h>

#include <array>
#include <fstream>

namespace mailslot::os {
namespace {

// Returns whether the number stands for all unmapped users: user_namespaces(7), "Unmapped user and
// group IDs".
bool stands_for_others(std::uint32_t user) {
    std::uint32_t overflow = 65534;
    std::ifstream("/proc/sys/kernel/overflowuid") >> overflow;
    if (user != overflow) return false;
    std::uint64_t inside = 0, outside = 0, count = 0, named = 0;
    std::ifstream map("/proc/self/uid_map");
    while (map >> inside >> outside >> count) named += count;
    constexpr std::uint64_t kAll = 0xFFFF'FFFF;  // the highest number is no user
    return named < kAll;
}

}  // namespace

std::uint32_t this_user() { return geteuid(); }

std::uint32_t this_group() { return getegid(); }

bool is_root() { return this_user() == 0; }

bool is_own_user(std::uint32_t user) { return user == geteuid() && !stands_for_others(user); }

std::string name_of_user(std::uint32_t user) {
    passwd entry{};
    passwd* found = nullptr;
    std::array<char, 4096> text{};
    const bool is_known =
        getpwuid_r(user, &entry, text.data(), text.size(), &found) == 0 && found != nullptr;
    return is_known ? entry.pw_name : std::to_string(user);
}

}  // namespace mailslot::os
