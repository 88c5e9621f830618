// The post office as a service: docs/daemon.md.
#pragma once

#include "config/settings_file.h"

namespace mailslot::daemon {

struct DaemonOptions {
    SettingsOptions settings{};
    bool replace = false;  // the mailslotd that runs
    bool check_config = false;
    bool print_config = false;
    bool verbose = false;
};

// Runs until SIGTERM or SIGINT; the exit status.
int run(const DaemonOptions& options);

}  // namespace mailslot::daemon
