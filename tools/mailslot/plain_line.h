// Messages as people read them.
#pragma once

#include <string>
#include <string_view>

#include "mailslot/commands.h"
#include "mailslot/row.h"

namespace mailslot::cli {

// Appends text with control characters made visible (\x1b), so that a message from a stranger
// cannot drive the terminal: C0 but for the tab, DEL, and C1 as UTF-8 writes it. Everything else
// stays as it is.
void append_visible(std::string& out, std::string_view text);

struct PlainStyle {
    bool raw = false;      // the message's bytes and nothing else
    bool columns = false;  // the sender's host before each message
    bool slot = false;     // and the slot, where several are listened to
    bool colours = false;  // hosts in colour
    bool marks = false;    // what is not trusted
    bool visible =
        false;  // control characters made visible; further lines of a message are indented

    bool as_it_is() const {
        return !columns && !visible && !marks;
    }  // nothing before or in the message
};

// What the options and standard output ask for. `slots`: how many are listened to.
PlainStyle choose_style(const PrintOptions& options, bool is_terminal, bool no_color,
                        std::size_t slots);

// The message and a newline.
void append_plain_line(std::string& out, const Row& row, const PlainStyle& style);

}  // namespace mailslot::cli
