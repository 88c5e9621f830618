// Columns of text, as wide as their widest cell.
#pragma once

#include <cstddef>
#include <string>
#include <vector>

namespace mailslot::cli {

using Cells = std::vector<std::string>;

// How many places of a terminal it takes: one for each character, wide ones aside.
std::size_t width_of(std::string_view text);

// A line for each row, all of them of one length; the first `left` columns stand to the left, the
// others, which are numbers, to the right.
void append_rows(std::string& out, const std::vector<Cells>& rows, std::size_t left);

}  // namespace mailslot::cli
