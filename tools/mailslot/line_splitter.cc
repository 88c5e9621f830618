#include "mailslot/line_splitter.h"

#include <algorithm>
#include <cstring>

namespace mailslot::cli {

std::span<char> LineSplitter::room() {
    lines_.clear();
    if (begin_ > 0) {
        std::memmove(buffer_.data(), buffer_.data() + begin_, end_ - begin_);
        end_ -= begin_;
        begin_ = 0;
    }
    // Doubling: a line of n bytes is moved at most log(n) times.
    if (buffer_.size() < end_ + block_bytes_)
        buffer_.resize(std::max(end_ + block_bytes_, 2 * end_));
    return std::span(buffer_).subspan(end_);
}

std::span<const std::string_view> LineSplitter::added(std::size_t count) {
    const char* const base = buffer_.data();
    std::size_t look = end_;  // no newline before it
    end_ += count;
    while (look < end_) {
        const void* found = std::memchr(base + look, '\n', end_ - look);
        if (found == nullptr) break;
        const auto newline = static_cast<std::size_t>(static_cast<const char*>(found) - base);
        if (!skips_) lines_.emplace_back(base + begin_, newline - begin_);
        skips_ = false;
        begin_ = look = newline + 1;
    }
    if (skips_) begin_ = end_;
    return lines_;
}

void LineSplitter::skip_line() {
    skips_ = true;
    begin_ = end_;
}

}  // namespace mailslot::cli
