// The system's mark of an open file, socket, piece of memory and the like.
#pragma once

namespace mailslot::os {

// Cannot be mixed with other numbers. Valid until whoever owns the thing closes the thing.
enum class Handle : int {};
inline constexpr Handle kNoHandle{-1};

// For src/os/, and for programs that wait by calls of their own.
constexpr int to_number(Handle handle) { return static_cast<int>(handle); }

}  // namespace mailslot::os
