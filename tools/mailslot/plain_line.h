// Messages as people read them.
#pragma once

#include <string>
#include <string_view>

#include "mailslot/commands.h"
#include "mailslot/row.h"

namespace mailslot::cli {

struct PlainStyle {
    bool raw = false;      // the message's bytes and nothing else
    bool columns = false;  // the sender's host before each message
    bool slot = false;     // and the slot, where several are listened to
    bool colours = false;  // hosts in colour
    bool marks = false;    // what is not trusted
    bool visible = false;  // control characters are made visible, as a terminal needs it

    bool marks_it(Trust trust) const { return marks && trust == Trust::none; }
    // Whether a message of that trust stands in its line as it is: the line says no more than the
    // message does. Otherwise nothing in a message may look like the beginning of another one.
    bool is_bare(Trust trust) const { return !visible && !columns && !marks_it(trust); }
    bool as_it_is() const { return !visible && !columns && !marks; }  // whatever the message
};

// What the options and standard output ask for. `slots`: how many are listened to.
PlainStyle choose_style(const PrintOptions& options, bool is_terminal, bool no_color,
                        std::size_t slots);

// The message and a newline. Where a host or a mark stands before it, also in a file, control
// characters are made visible, the columns of a message's further lines are blank, and the mark of
// what is not trusted stands in each of them. So a line that begins with a blank goes on with the
// message before; no host begins with one.
void append_plain_line(std::string& out, const Row& row, const PlainStyle& style);

}  // namespace mailslot::cli
