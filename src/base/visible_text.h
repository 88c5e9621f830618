// Makes text from strangers fit to be shown. Terminals, files, JSON, logs and errors all use this
// table; python/mailslot/_visible.py has the same. Pure.
#pragma once

#include <string>
#include <string_view>

namespace mailslot {

// Returns true if a code point must not be shown as it is: terminals obey it, or it ends a line or
// turns the writing direction. C0, DEL, C1, the bidirectional controls, U+2028, U+2029.
bool is_control(char32_t code_point);

// Returns true if a code point looks like the gap between two columns, or like nothing: Unicode's
// white space, and code points without width.
bool is_blank(char32_t code_point);

// Appends text with controls as \x1b or \u202e, and bytes that are not UTF-8 as \xff. Tabs stay.
void append_visible(std::string& out, std::string_view text);

// Appends text for a column whose place names the speaker. Like append_visible, but blanks become
// visible too, so that a name cannot imitate the gap and the next column. Empty text becomes "-".
void append_cell(std::string& out, std::string_view text);
std::string cell_of(std::string_view text);

// Appends text for a column of a table, where two blanks stand between columns. Like append_cell,
// but a single blank stays.
void append_table_cell(std::string& out, std::string_view text);

// Appends a code such as "\x1b", "\u202e", "\U000e0001".
void append_code(std::string& out, char32_t code_point);

}  // namespace mailslot
