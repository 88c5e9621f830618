// Columns of text, as wide as their widest cell.
#pragma once

#include <cstddef>
#include <string>
#include <vector>

namespace mailslot::cli {

using Cells = std::vector<std::string>;

// Returns the width on a terminal: a place for each character, wide characters aside.
std::size_t width_of(std::string_view text);

// Appends a line for each row, all of the same length. The first `left` columns are aligned left.
// The others, which are numbers, are aligned right.
void append_rows(std::string& out, const std::vector<Cells>& rows, std::size_t left);

}  // namespace mailslot::cli
