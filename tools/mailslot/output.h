// Standard output, in large blocks.
#pragma once

#include <cstddef>
#include <string>

#include "mailslot/result.h"

namespace mailslot::cli {

// Size of reads and writes, large enough for system calls not to matter.
inline constexpr std::size_t kBlockBytes = 256 * 1024;

// Collects text for standard output. Nothing is written before flush().
class Output {
public:
    std::string& text() { return text_; }
    bool is_empty() const { return text_.empty(); }
    bool is_block() const { return text_.size() >= kBlockBytes; }  // worth writing

    // Errors: closed if the reader of our output has gone, or a stop was requested
    // meanwhile; no_resources.
    Result<void> flush();

private:
    std::string text_;
};

// Ends a command that only prints: flushes, and returns the exit status.
int finish(Output& output);

bool colours_unwanted();  // NO_COLOR (no-color.org), or a terminal without colours

}  // namespace mailslot::cli
