// What a service manager such as systemd and a service say to each other: sd_notify(3),
// sd_listen_fds(3), sd_watchdog_enabled(3). Without one all of it does nothing.
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

// Made once, before threads: it takes what the environment says out of it, so that no child takes
// it for its own.
class ServiceManager {
public:
    ServiceManager();

    bool is_there() const { return !socket_.empty(); }
    // "READY=1\nSTATUS=...", with descriptors that it should keep (FDSTORE=1). False: there is
    // none, or it does not listen.
    bool notify(std::string_view state, std::span<const int> fds = {}) const;
    // How often it wants to hear WATCHDOG=1.
    std::optional<std::chrono::microseconds> watchdog() const { return watchdog_; }
    // What it opened, or has kept for us.
    std::vector<PassedFd> take_fds() { return std::move(passed_); }

private:
    std::string socket_;
    std::optional<std::chrono::microseconds> watchdog_;
    std::vector<PassedFd> passed_;
};

// Whether what we write to standard error goes to the journal as it is (JOURNAL_STREAM,
// systemd.exec(5)): lines may then begin with their priority.
bool logs_to_journal();

}  // namespace mailslot::os
