#include "mailslot/guarded_main.h"
#include "mailslotd/arguments.h"

int main(int argc, char** argv) {
    return mailslot::cli::guarded_main("mailslotd", argc, argv, mailslot::daemon::run_arguments);
}
