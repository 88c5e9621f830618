#include "support/crash.h"

#include <signal.h>

#include <cstring>

#include "base/crash_point.h"

#if !defined(MAILSLOT_CRASH_POINTS)
#error "the process tests need a build with MAILSLOT_CRASH_POINTS"
#endif

namespace mailslot::testing_process {
namespace {

// Set in a process before it starts threads.
const char* wanted_step = nullptr;
std::atomic<std::uint32_t> visits_left{0};
int wanted_signal = 0;
Tally* wanted_tally = nullptr;

void visit(const char* step) {
    if (std::strcmp(step, wanted_step) != 0) return;
    if (wanted_tally != nullptr) return wanted_tally->add();
    if (visits_left.fetch_sub(1) == 1) raise(wanted_signal);
}

void watch(const char* step, std::uint32_t visits, int signal_number, Tally* tally) {
    wanted_step = step;
    visits_left = visits;
    wanted_signal = signal_number;
    wanted_tally = tally;
    on_crash_point = visit;
}

}  // namespace

void kill_at(const char* step, std::uint32_t nth) { watch(step, nth, SIGKILL, nullptr); }
void stop_at(const char* step) { watch(step, 1, SIGSTOP, nullptr); }
void tell_at(const char* step, Tally& tally) { watch(step, 0, 0, &tally); }

}  // namespace mailslot::testing_process
