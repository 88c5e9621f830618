// Formats messages for people.
#pragma once

#include <string>
#include <string_view>

#include "mailslot/print_options.h"
#include "mailslot/shown_message.h"

namespace mailslot::cli {

struct PlainStyle {
    bool raw = false;      // the message's bytes and nothing else
    bool columns = false;  // the sender's host before each message
    bool slot = false;     // the slot before each message, if there are several slots
    bool colours = false;  // hosts in colour
    bool marks = false;    // mark untrusted messages
    bool visible = false;  // make control characters visible, as a terminal needs it

    bool marks_it(Trust trust) const { return marks && trust == Trust::none; }
    // Returns whether a message of that trust is printed unchanged, without host, slot or mark.
    // Otherwise no message may contain lines that look like the beginning of another message.
    bool is_bare(Trust trust) const { return !visible && !columns && !marks_it(trust); }
    bool as_it_is() const { return !visible && !columns && !marks; }  // for any trust
};

// Chooses the style for the options and standard output. `slots`: number of slots listened to.
PlainStyle choose_style(const PrintOptions& options, bool is_terminal, bool no_color,
                        std::size_t slots);

// Appends the message and a newline. If a host or a mark stands before the message, even in a file,
// control characters are made visible, and further lines of the message begin with blanks in place
// of the columns and with the mark of an untrusted message. So a line that begins with a blank
// continues the message before, because no host begins with a blank.
void append_plain_line(std::string& out, const ShownMessage& message, const PlainStyle& style);

}  // namespace mailslot::cli
