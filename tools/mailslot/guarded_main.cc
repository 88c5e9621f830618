#include "mailslot/guarded_main.h"

#include <unistd.h>

#include <csignal>
#include <cstdio>
#include <exception>
#include <new>

#include "mailslot/exit_status.h"
#include "mailslot/output.h"

namespace mailslot::cli {

int guarded_main(const char* program, int argc, char** argv, int (*run)(int, char**)) {
    hold_standard_descriptors();
    // `mailslot listen | head` is no accident: write(2) returns EPIPE.
    std::signal(SIGPIPE, SIG_IGN);
    std::signal(SIGXFSZ, SIG_IGN);  // past `ulimit -f` write(2) returns EFBIG
    try {
        return run(argc, argv);
    } catch (const std::bad_alloc&) {
        // No allocation here: no memory may be left.
        dprintf(STDERR_FILENO,
                "%s: no resources (memory); free some, or raise its limit (ulimit -v)\n", program);
    } catch (const std::exception& error) {
        dprintf(STDERR_FILENO, "%s: failed: %s\n", program, error.what());
    }
    return kFailed;
}

}  // namespace mailslot::cli
