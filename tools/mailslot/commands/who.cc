// mailslot who: machines that have a reader of a name.
#include <memory>
#include <string>

#include "base/visible_text.h"
#include "mailslot/command.h"
#include "mailslot/exit_status.h"
#include "mailslot/found.h"
#include "mailslot/output.h"
#include "mailslot/report.h"

namespace mailslot::cli {
namespace {

struct WhoOptions {
    std::string address;
    bool json = false;
    bool names = false;  // nothing but the hosts
    Timeout timeout{500};
};

void append_hosts(std::string& out, const Found& found) {
    for (const Machine& machine : found.machines) {
        append_visible(out, machine.host);
        out += '\n';
    }
}

int run(const WhoOptions& options) {
    const auto found = find_readers(options.address, {.timeout = options.timeout});
    if (!found) return fail_for(options.address, found.error());
    Output output;
    if (options.names) {
        append_hosts(output.text(), *found);
    } else if (options.json) {
        append_found_json(output.text(), *found);
    } else if (!found->machines.empty()) {
        append_found_table(output.text(), *found);
    }
    const int printed = finish(output);
    const int complete = report_found(*found);
    if (printed != kDone) return printed;
    if (complete != kDone || !found->machines.empty()) return complete;
    say("no machine with a reader of " + options.address + " answered within " +
        std::to_string(options.timeout.count()) + " ms");
    return kNothingInTime;
}

Use prepare() {
    auto options = std::make_shared<WhoOptions>();
    Arguments arguments{
        text("NAME", "", R"(NAME, or \\PLACE\mailslot\NAME to ask only there)", options->address)
            .required()
            .offering(Offer::addresses),
        milliseconds("--timeout", "Wait at most MS for answers (default 500)", options->timeout),
        flag("--json", "One JSON object a line", options->json),
        flag("--names", "Only the hosts, one a line", options->names).without("--json"),
    };
    return {std::move(arguments), [options] { return run(*options); }};
}

}  // namespace

extern const Command who_command;
const Command who_command{
    80, "who", "List machines that have a reader of a name", prepare,
    R"(Exit status 3 if no machine answered. Machines may be set not to answer, and answers may get lost.

Examples:
  mailslot who LISTENER
  mailslot who //SALES/mailslot/LISTENER --json)"};

}  // namespace mailslot::cli
