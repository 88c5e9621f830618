// Which users are this process's own.
#pragma once

#include <cstdint>
#include <string>

namespace mailslot::os {

// Where a namespace of users names but some of the machine's, all others have one number, which
// says nothing: nobody is this process's user by that.
bool is_own_user(std::uint32_t user);
// Who may do all that this process's user may.
inline bool is_own_user_or_root(std::uint32_t user) { return user == 0 || is_own_user(user); }

std::string name_of_user(std::uint32_t user);  // its number, where it has no name

}  // namespace mailslot::os
