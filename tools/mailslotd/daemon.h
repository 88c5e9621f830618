// The post office as a service: docs/daemon.md.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "config/settings_file.h"

namespace mailslot::daemon {

struct DaemonOptions {
    SettingsOptions settings{};
    std::optional<std::string>
        user{};            // user to run as; none: root runs as `mailslot`, if that user exists
    bool replace = false;  // take the place of the running mailslotd
    bool check_config = false;
    bool print_config = false;
    bool verbose = false;
};

// Runs until SIGTERM or SIGINT. Returns the exit status.
int run(const DaemonOptions& options);

// Prints to standard output. Returns the exit status.
int print(std::string_view text);

}  // namespace mailslot::daemon
