// The protocol between a service manager such as systemd and a service: sd_notify(3),
// sd_listen_fds(3), sd_watchdog_enabled(3). Does nothing if there is no service manager.
#pragma once

#include <chrono>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "os/fork_guard.h"

namespace mailslot::os {

struct PassedFd {
    std::string name;
    GuardedFd fd;
};

// Created once, before any thread. Removes the manager's variables from the environment, so that no
// child takes them for its own.
class ServiceManager {
public:
    ServiceManager();

    bool is_there() const { return !socket_.empty(); }
    // Sends "READY=1\nSTATUS=..." and the like, with descriptors that the manager should keep
    // (FDSTORE=1). Returns false if there is no manager, or if the manager does not listen.
    bool notify(std::string_view state, std::span<const Handle> fds = {}) const;
    // How often the manager wants to hear WATCHDOG=1.
    std::optional<std::chrono::microseconds> watchdog() const { return watchdog_; }
    // The descriptors that the manager opened, or has kept for us.
    std::vector<PassedFd> take_fds() { return std::move(passed_); }

private:
    std::string socket_;
    std::optional<std::chrono::microseconds> watchdog_;
    std::vector<PassedFd> passed_;
};

// Returns whether standard error goes straight to the journal (JOURNAL_STREAM, systemd.exec(5)).
// Lines may then begin with their priority.
bool logs_to_journal();

}  // namespace mailslot::os
