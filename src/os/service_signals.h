// The signals by which people and service managers control a service: SIGTERM and SIGINT end the
// service, SIGHUP makes it read its configuration again.
#pragma once

#include <optional>

#include "mailslot/result.h"
#include "os/fd.h"

namespace mailslot::os {

enum class ServiceSignal { end, reload };

class ServiceSignals {
public:
    // From now on, the signals come only by the object.
    // Errors: no_resources
    // Threads: before any other is started
    static Result<ServiceSignals> open();

    Handle fd() const { return fd_.get(); }  // readable when a signal has come
    std::optional<ServiceSignal> take();     // nullopt: none is left

private:
    explicit ServiceSignals(UniqueFd fd) : fd_(std::move(fd)) {}
    UniqueFd fd_;
};

}  // namespace mailslot::os
