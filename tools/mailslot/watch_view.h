// Output of `mailslot watch`: a screen, plain rows, or JSON. Pure.
#pragma once

#include <cstddef>
#include <deque>
#include <string>

#include "mailslot/watch_book.h"

namespace mailslot::cli {

struct Screen {
    std::size_t columns = 80, rows = 24;
    bool colours = false;
    bool utf8 = true;  // bars of block elements; else of ASCII
};

// Returns a whole screen, drawn over the last screen from its upper left corner.
std::string draw_screen(const Picture& picture, const Screen& screen, const std::string& host);

// Returns a block of lines, for files and pipes.
std::string plain_rows(const Picture& picture);

// Appends an object and a newline.
void append_watch_json(std::string& out, const Picture& picture);

// Returns "7.5", "1234", "12.3k", "4.0M": at most six characters up to 10^15.
std::string rate_text(double per_second);
// Returns a character for each value, as high as its share of the largest.
std::string bars(const std::deque<double>& values, bool utf8);

}  // namespace mailslot::cli
