// Splits a stream of bytes into lines, of any length up to a limit, without copying whole lines.
#pragma once

#include <cstddef>
#include <span>
#include <string_view>
#include <vector>

namespace mailslot::cli {

// Use: read into room(), call added(count), handle lines(); after the last block, rest().
class LineSplitter {
public:
    explicit LineSplitter(std::size_t block_bytes) : block_bytes_(block_bytes) {}

    // Returns the place for the next bytes, at least a block. Invalidates lines returned before.
    std::span<char> room();
    // Takes note of `count` new bytes. Returns the lines that are complete, without their newline.
    std::span<const std::string_view> added(std::size_t count);
    // Returns the bytes after the last newline: the last line, if the stream ends here and they are
    // not empty.
    std::string_view rest() const { return {buffer_.data() + begin_, end_ - begin_}; }
    // Drops the incomplete line, up to its newline.
    void skip_line();

private:
    std::size_t block_bytes_;
    std::vector<char> buffer_{};
    std::size_t begin_ = 0, end_ = 0;  // bounds of the incomplete line
    bool skips_ = false;               // up to the next newline
    std::vector<std::string_view> lines_{};
};

}  // namespace mailslot::cli
