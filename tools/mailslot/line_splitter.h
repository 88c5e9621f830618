// Cuts a stream of bytes into lines, of any length up to a limit, without copying whole ones.
#pragma once

#include <cstddef>
#include <span>
#include <string_view>
#include <vector>

namespace mailslot::cli {

// Use: read into room(), tell added(count), handle lines(); after the last block, rest().
class LineSplitter {
public:
    explicit LineSplitter(std::size_t block_bytes) : block_bytes_(block_bytes) {}

    // Where the next bytes go: at least a block. Ends the life of what lines() returned.
    std::span<char> room();
    // `count` bytes were put there. Returns the lines that are now complete, without their newline.
    std::span<const std::string_view> added(std::size_t count);
    // The bytes after the last newline: a line, if the stream ends here and there are any.
    std::string_view rest() const { return {buffer_.data() + begin_, end_ - begin_}; }
    // Forgets the line that is not complete yet, up to its newline.
    void skip_line();

private:
    std::size_t block_bytes_;
    std::vector<char> buffer_{};
    std::size_t begin_ = 0, end_ = 0;  // of what is not yet a complete line
    bool skips_ = false;               // up to the next newline
    std::vector<std::string_view> lines_{};
};

}  // namespace mailslot::cli
