// Processor instructions and registers that need no system call.
#pragma once

#include <cstdint>

namespace mailslot::os {

// Tells the processor that this thread spins.
inline void cpu_relax() {
#if defined(__x86_64__) || defined(__i386__)
    __builtin_ia32_pause();
#elif defined(__aarch64__)
    asm volatile("yield");
#endif
}

// Returns a number that no other living thread has; never 0 or 1.
inline std::uintptr_t thread_token() {
#if defined(__x86_64__)
    std::uintptr_t token;
    asm("movq %%fs:0, %0" : "=r"(token));
    return token;
#elif defined(__aarch64__)
    std::uintptr_t token;
    asm("mrs %0, tpidr_el0" : "=r"(token));
    return token;
#else
    static thread_local char place;
    return reinterpret_cast<std::uintptr_t>(&place);
#endif
}

// Counts at a steady rate of 1 to 6 thousand million a second. kNoCycles if the processor has no
// such counter that is cheaper than the clock.
inline constexpr std::uint64_t kNoCycles = 0;
inline std::uint64_t cpu_cycles() {
#if defined(__x86_64__)
    return __builtin_ia32_rdtsc();
#else
    return kNoCycles;
#endif
}

}  // namespace mailslot::os
