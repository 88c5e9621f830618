// mailslot wait: waits for a signal.
#include <string>

#include "base/visible_text.h"
#include "carrier/carrier.h"
#include "mailslot/commands.h"
#include "mailslot/exit_status.h"
#include "mailslot/json_line.h"
#include "mailslot/output.h"
#include "mailslot/report.h"
#include "office/station.h"

namespace mailslot::cli {
namespace {

std::string sender_of(const Message& message) {
    std::string text = cell_of(message.from_host());
    if (!message.from_address().empty()) text += " (" + cell_of(message.from_address()) + ')';
    return text;
}

}  // namespace

int run_wait(const WaitOptions& options) {
    auto reader = Reader::create(options.name, options.slot);
    if (!reader) return fail_for(options.name, reader.error());
    const std::string name(reader->name());
    if (options.verbose) say("waiting for " + name);
    const auto deaf = reader->network_error();
    if (deaf && office::is_of_other_network(*deaf)) {
        if (options.verbose) say("warning: " + deaf->detail);
    } else if (deaf && is_of_one_family(*deaf)) {
        say("warning: " + to_string(*deaf));
    } else if (deaf) {
        say(name + " can be signalled only from this machine: " + to_string(*deaf));
    }
    const auto signal = reader->get(options.timeout);
    if (!signal && signal.error().code == Errc::timed_out) {
        say("nobody signalled " + name + " within " + std::to_string(options.timeout.count()) +
            " ms");
        return kNothingInTime;
    }
    if (!signal) return fail(signal.error());
    if (options.verbose) say(name + " was signalled by " + sender_of(*signal));
    Output output;
    if (options.json) append_json_line(output.text(), row_of(*signal));
    return finish(output);
}

}  // namespace mailslot::cli
