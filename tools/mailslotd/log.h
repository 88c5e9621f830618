// The daemon's log: a line each, on standard error.
#pragma once

#include <string_view>

namespace mailslot::daemon {

// Priorities of syslog(3), as the journal reads them in front of a line.
enum class Priority { error = 3, warning = 4, notice = 5, info = 6 };

// Prints "mailslotd: LINE", or "<4>LINE" for the journal. `info` lines appear only
// after be_verbose().
void log(Priority priority, std::string_view line);
void be_verbose();

}  // namespace mailslot::daemon
