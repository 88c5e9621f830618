// A terminal whose whole screen we draw, and that is as it was before when we leave it.
#pragma once

#include <cstddef>
#include <memory>

#include "mailslot/result.h"

namespace mailslot::cli {

struct TerminalSize {
    std::size_t columns = 80, rows = 24;
};

// One per program. Keys are not echoed; Ctrl-C, Ctrl-Z and their like mean what they always do.
class Terminal {
public:
    Terminal();  // takes standard output, and standard input if that is a terminal too
    ~Terminal();
    Terminal(const Terminal&) = delete;
    Terminal& operator=(const Terminal&) = delete;

    TerminalSize size() const;
    // Its size changed since the last call. Such a change ends a wait with EINTR.
    bool was_resized();
    // Ctrl-Z was pressed: leaves the terminal, stops, and takes it again once we go on. Whether
    // that was so.
    bool stop_if_asked();
    // A key was pressed that ends programs like this: q.
    bool wants_to_end();
    int input_fd() const;  // readable when a key was pressed; -1: standard input is no terminal

private:
    void take();
    void leave();

    struct State;
    std::unique_ptr<State> state_;
};

}  // namespace mailslot::cli
