#include <csignal>

#include "mailslot/arguments.h"
#include "mailslot/output.h"

int main(int argc, char** argv) {
    mailslot::cli::hold_standard_descriptors();
    // `mailslot listen | head` is no accident: writing says so with EPIPE.
    std::signal(SIGPIPE, SIG_IGN);
    return mailslot::cli::run_arguments(argc, argv);
}
