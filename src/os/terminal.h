// Takes over a terminal's whole screen, and restores the terminal at the end.
#pragma once

#include <cstddef>
#include <memory>

#include "os/handle.h"

namespace mailslot::os {

struct TerminalSize {
    std::size_t columns = 80, rows = 24;
};

// Make a single object per program. Keys are not echoed. Ctrl-C, Ctrl-Z and the like keep
// their meaning.
class Terminal {
public:
    Terminal();  // takes standard output, and standard input if a terminal, too
    ~Terminal();
    Terminal(const Terminal&) = delete;
    Terminal& operator=(const Terminal&) = delete;

    TerminalSize size() const;
    // Returns whether the size changed since the last call. Such a change ends a wait with EINTR.
    bool was_resized();
    // If Ctrl-Z was pressed, leaves the terminal, stops, and takes the terminal again after the
    // program goes on. Returns whether that was so.
    bool stop_if_asked();
    // Returns whether a key was pressed that ends programs like this: q.
    bool wants_to_end();
    Handle input_fd()
        const;  // readable when a key was pressed; kNoHandle: standard input is no terminal

private:
    void take();
    void leave();

    struct State;
    std::unique_ptr<State> state_;
};

}  // namespace mailslot::os
