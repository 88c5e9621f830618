// What the daemon says: a line each, on standard error.
#pragma once

#include <string_view>

namespace mailslot::daemon {

// Of syslog(3), as the journal reads it in front of a line.
enum class Priority { error = 3, warning = 4, notice = 5, info = 6 };

// "mailslotd: LINE"; where the journal reads it "<4>LINE". `info` is said only after be_verbose().
void log(Priority priority, std::string_view line);
void be_verbose();

}  // namespace mailslot::daemon
