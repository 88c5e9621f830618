#include "base/crash_point.h"

#if defined(MAILSLOT_CRASH_POINTS)
namespace mailslot {
void (*on_crash_point)(const char* name) = nullptr;
}  // namespace mailslot
#endif
