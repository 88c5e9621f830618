// What a processor is told and asked without the system.
#pragma once

#include <cstdint>

namespace mailslot::os {

// To a processor that spins.
inline void cpu_relax() {
#if defined(__x86_64__) || defined(__i386__)
    __builtin_ia32_pause();
#elif defined(__aarch64__)
    asm volatile("yield");
#endif
}

// Fetches a cache line that will be written to.
inline void prefetch_for_writing(const void* place) {
#if defined(__x86_64__)
    asm volatile("prefetchw %0" : : "m"(*static_cast<const char*>(place)));
#else
    __builtin_prefetch(place, 1);
#endif
}

// Tells this thread from all others that live; never 0 or 1.
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

// Counts at a steady 1 to 6 thousand million a second, where the processor has such a counter that
// costs less than the clock; else kNoCycles.
inline constexpr std::uint64_t kNoCycles = 0;
inline std::uint64_t cpu_cycles() {
#if defined(__x86_64__)
    return __builtin_ia32_rdtsc();
#else
    return kNoCycles;
#endif
}

}  // namespace mailslot::os
