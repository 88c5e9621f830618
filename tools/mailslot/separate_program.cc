#include "mailslot/separate_program.h"

#include <cstdlib>
#include <string>
#include <vector>

#include "mailslot/exit_status.h"
#include "mailslot/report.h"
#include "os/program.h"

namespace mailslot::cli {
namespace {

std::vector<std::string> folders() {
    std::vector<std::string> all;
    const char* const chosen = std::getenv("MAILSLOT_LIBEXEC");
    if (chosen != nullptr && *chosen != '\0') return {chosen};
    const std::string program = os::own_program();
    const std::string folder = program.substr(0, program.rfind('/'));
    return {folder + "/../libexec/mailslot", folder};
}

}  // namespace

int run_separate_program(std::string_view name, char** argv) {
    const std::string program = "mailslot-" + std::string(name);
    for (const std::string& folder : folders()) {
        const std::string path = folder + '/' + program;
        if (os::is_program(path)) return fail(os::become_program(path, argv));
    }
    say("the program " + program +
        " is not installed; install it, or name its folder by MAILSLOT_LIBEXEC");
    return kFailed;
}

}  // namespace mailslot::cli
