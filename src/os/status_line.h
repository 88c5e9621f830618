// A line at the end of a terminal's standard error that is written over and over.
#pragma once

#include <string_view>

namespace mailslot::os {

// Make a single object per program. Until its end, Ctrl-C and the like (SIGINT, SIGTERM, SIGHUP)
// clear the line and then end the program as always.
// Threads: one at a time
class StatusLine {
public:
    StatusLine();
    ~StatusLine();
    StatusLine(const StatusLine&) = delete;
    StatusLine& operator=(const StatusLine&) = delete;

    // Replaces the line. The text must be ASCII; the terminal's width cuts it.
    void show(std::string_view text);
    // Makes room for other lines. Does nothing if nothing is shown.
    void clear();
};

}  // namespace mailslot::os
