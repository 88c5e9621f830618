#include "mailslot/table.h"

#include <algorithm>

namespace mailslot::cli {

std::size_t width_of(std::string_view text) {
    return static_cast<std::size_t>(std::ranges::count_if(
        text, [](char c) { return (static_cast<unsigned char>(c) & 0xC0) != 0x80; }));
}

void append_rows(std::string& out, const std::vector<Cells>& rows, std::size_t left) {
    std::vector<std::size_t> widths;
    for (const Cells& row : rows) {
        widths.resize(std::max(widths.size(), row.size()));
        for (std::size_t i = 0; i < row.size(); ++i) {
            widths[i] = std::max(widths[i], width_of(row[i]));
        }
    }
    for (const Cells& row : rows) {
        for (std::size_t i = 0; i < row.size(); ++i) {
            const std::size_t space = widths[i] - width_of(row[i]);
            if (i > 0) out.append(2, ' ');
            if (i >= left) out.append(space, ' ');
            out += row[i];
            if (i < left && i + 1 < row.size()) out.append(space, ' ');
        }
        out += '\n';
    }
}

}  // namespace mailslot::cli
