// usage: slow_flush ADDRESS
// Puts until the send buffers are full, and flushes held messages until SIGUSR1 comes. Prints
// "waits" once the flush waits, and the result of the flush.
#include <unistd.h>

#include <chrono>
#include <csignal>
#include <cstdio>
#include <string>

#include "mailslot/mailslot.h"

using namespace mailslot;

namespace {

volatile std::sig_atomic_t has_come = 0, is_asked = 0;

bool question() {
    if (is_asked == 0) dprintf(STDOUT_FILENO, "waits\n");
    is_asked = 1;
    return has_come != 0;
}

}  // namespace

int main(int argc, char** argv) {
    if (argc != 2) return 2;
    struct sigaction action {};
    action.sa_handler = [](int) { has_come = 1; };
    if (sigaction(SIGUSR1, &action, nullptr) != 0) return 1;
    auto writer = Writer::open(argv[1], {.wait_when_full = kForever}).value();
    const std::string text(1000, 'x');
    while (writer.put(text, {.wait_when_full = std::chrono::milliseconds(20)})) {
    }
    const auto flushed = writer.flush(question);
    dprintf(STDOUT_FILENO, "%s\n", flushed ? "done" : to_string(flushed.error().code).data());
    _exit(0);  // held messages would leave at the link's pace
}
