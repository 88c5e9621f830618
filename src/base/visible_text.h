// Text from strangers, made fit to be shown. This is the one table for terminals, files, JSON, logs
// and errors; python/mailslot/_visible.py has the same. Pure.
#pragma once

#include <string>
#include <string_view>

namespace mailslot {

// Whether a code point must not be shown as it is, because a terminal obeys it, or because it ends
// a line or turns the writing direction: C0, DEL, C1, the bidirectional controls, U+2028, U+2029.
bool is_control(char32_t code_point);

// Whether a code point looks like the gap between two columns, or like nothing: the white space of
// Unicode, and what has no width.
bool is_blank(char32_t code_point);

// Appends text with controls as \x1b or \u202e. A byte that is not UTF-8 becomes \xff. The tab
// stays.
void append_visible(std::string& out, std::string_view text);

// The same for a column whose place says who speaks: blanks become visible too, so that a name
// cannot imitate the gap and the next column. No name at all is shown as "-".
void append_cell(std::string& out, std::string_view text);
std::string cell_of(std::string_view text);

// The same for a column of a table, where two blanks stand between columns: a blank by itself
// stays.
void append_table_cell(std::string& out, std::string_view text);

// "\x1b", "\u202e", "\U000e0001".
void append_code(std::string& out, char32_t code_point);

}  // namespace mailslot
