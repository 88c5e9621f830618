#include "mailslot/command_line.h"
#include "mailslot/guarded_main.h"

int main(int argc, char** argv) {
    return mailslot::cli::guarded_main("mailslot", argc, argv, mailslot::cli::run_command_line);
}
