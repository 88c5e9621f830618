// mailslot wait: waits for a signal.
#include <memory>
#include <string>

#include "base/visible_text.h"
#include "carrier/carrier.h"
#include "mailslot/command.h"
#include "mailslot/exit_status.h"
#include "mailslot/json_line.h"
#include "mailslot/output.h"
#include "mailslot/report.h"
#include "mailslot/slot_arguments.h"
#include "office/station.h"

namespace mailslot::cli {
namespace {

struct WaitOptions {
    std::string name;
    Timeout timeout = kForever;
    SlotOptions slot{};
    bool json = false;
    bool verbose = false;
};

std::string sender_of(const Message& message) {
    std::string text = cell_of(message.from_host());
    if (!message.from_address().empty()) text += " (" + cell_of(message.from_address()) + ')';
    return text;
}

int run(const WaitOptions& options) {
    auto reader = Reader::create(options.name, options.slot);
    if (!reader) return fail_for(options.name, reader.error());
    const std::string name(reader->name());
    if (options.verbose) say("waiting for " + name);
    const auto deaf = reader->network_error();
    if (deaf && deaf->reason == Reason::other_network) {
        if (options.verbose) say("warning: " + deaf->detail);
    } else if (deaf && deaf->reason == Reason::one_family) {
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
    if (options.json) append_json_line(output.text(), shown(*signal));
    return finish(output);
}

Use prepare() {
    auto options = std::make_shared<WaitOptions>();
    Arguments arguments{
        text("NAME", "", "The signal's name; one program per machine may wait for it",
             options->name)
            .required()
            .offering(Offer::slots),
        milliseconds("--timeout", "Give up after MS milliseconds, with exit status 3",
                     options->timeout),
        flag("--json", "Print the signal with its envelope", options->json),
        access_option(options->slot),
        require_option(options->slot),
        flag("-v,--verbose", "Report on standard error when the wait begins, and who signalled",
             options->verbose),
    };
    return {std::move(arguments), [options] { return run(*options); }};
}

}  // namespace

extern const Command wait_command;
const Command wait_command{
    50, "wait", "Wait for a signal of a name", prepare,
    R"(Any message to the slot NAME is a signal. Signals sent before the wait are not kept.

Examples:
  mailslot wait READY && ./next-step              here, or on several machines
  mailslot signal '//*/mailslot/READY'            anywhere)"};

}  // namespace mailslot::cli
