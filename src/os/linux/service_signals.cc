#include "os/service_signals.h"

#include <signal.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include <cerrno>

namespace mailslot::os {

Result<ServiceSignals> ServiceSignals::open() {
    sigset_t signals;
    sigemptyset(&signals);
    for (const int number : {SIGTERM, SIGINT, SIGHUP}) sigaddset(&signals, number);
    pthread_sigmask(SIG_BLOCK, &signals, nullptr);
    UniqueFd fd(signalfd(-1, &signals, SFD_CLOEXEC | SFD_NONBLOCK));
    if (!fd) return Error{Errc::no_resources, "signalfd", errno};
    return ServiceSignals(std::move(fd));
}

std::optional<ServiceSignal> ServiceSignals::take() {
    signalfd_siginfo signal{};
    if (read(fd_.number(), &signal, sizeof signal) != sizeof signal) return std::nullopt;
    return signal.ssi_signo == SIGHUP ? ServiceSignal::reload : ServiceSignal::end;
}

}  // namespace mailslot::os
