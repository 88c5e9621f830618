#include "mailslotd/log.h"

#include <string>

#include "base/visible_text.h"
#include "os/service_manager.h"
#include "os/standard_streams.h"

namespace mailslot::daemon {
namespace {

bool says_info = false;

}  // namespace

void be_verbose() { says_info = true; }

void log(Priority priority, std::string_view line) {
    static const bool to_journal = os::logs_to_journal();
    if (priority == Priority::info && !says_info) return;
    std::string text =
        to_journal ? "<" + std::to_string(static_cast<int>(priority)) + ">" : "mailslotd: ";
    if (!to_journal && priority == Priority::warning) text += "warning: ";
    append_visible(text, line);  // names from files and from the network turn up in errors
    text += '\n';
    os::write_error(text);
}

}  // namespace mailslot::daemon
