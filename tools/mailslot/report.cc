#include "mailslot/report.h"

#include <string>

#include "base/visible_text.h"
#include "mailslot/exit_status.h"
#include "os/standard_streams.h"

namespace mailslot::cli {

void say(std::string_view line) {
    std::string text = "mailslot: ";
    append_visible(text, line);  // names from the network and from files turn up in errors
    text += '\n';
    os::write_error(text);
}

int fail(const Error& error, std::string_view about) {
    say(std::string(about) + to_string(error));
    return exit_status(error.code);
}

int fail_for(std::string_view name, Error error, std::string_view about) {
    if (error.detail.empty()) error.detail = name;
    return fail(error, about);
}

}  // namespace mailslot::cli
