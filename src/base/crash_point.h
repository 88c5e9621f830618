// Named steps at which a test can kill the process (tests/process/): MAILSLOT_CRASH_POINT(commit).
// They compile to nothing without MAILSLOT_CRASH_POINTS.
#pragma once

#if defined(MAILSLOT_CRASH_POINTS)
namespace mailslot {
// Called at each step, if a test has set this. Set before threads start.
extern void (*on_crash_point)(const char* name);
}  // namespace mailslot
#define MAILSLOT_CRASH_POINT(name)                                                    \
    do {                                                                              \
        if (::mailslot::on_crash_point != nullptr) ::mailslot::on_crash_point(#name); \
    } while (0)
#else
#define MAILSLOT_CRASH_POINT(name) static_cast<void>(0)
#endif
