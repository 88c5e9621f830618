#include <csignal>

#include "mailslot/output.h"
#include "mailslotd/arguments.h"

int main(int argc, char** argv) {
    mailslot::cli::hold_standard_descriptors();
    std::signal(SIGPIPE, SIG_IGN);
    return mailslot::daemon::run_arguments(argc, argv);
}
