// Tells which users are this process's own.
#pragma once

#include <cstdint>
#include <string>

namespace mailslot::os {

std::uint32_t this_user();  // the effective one
bool is_root();
std::uint32_t this_group();  // the effective one
// False for the number that stands for all unmapped users in a user namespace: nobody can be
// recognized by that number.
bool is_own_user(std::uint32_t user);
// Returns whether the user may do all that this process's user may.
inline bool is_own_user_or_root(std::uint32_t user) { return user == 0 || is_own_user(user); }

std::string name_of_user(std::uint32_t user);  // the user's number if there is no name

}  // namespace mailslot::os
