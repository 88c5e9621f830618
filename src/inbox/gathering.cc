#include "inbox/gathering.h"

#include <thread>

#include "os/cpu.h"

namespace mailslot::inbox {
namespace {

constexpr std::uint64_t kCycles = 8192;  // 2 to 8 us
constexpr int kPauses = 256;             // at most; the only limit without a cycle counter

}  // namespace

void Gathering::wait() {
    std::this_thread::yield();  // lets a sender run that needs this processor
    const std::uint64_t began = os::cpu_cycles();
    for (int i = 0; i < kPauses; ++i) {
        if (began != os::kNoCycles && os::cpu_cycles() - began >= kCycles) break;
        os::cpu_relax();
    }
}

}  // namespace mailslot::inbox
