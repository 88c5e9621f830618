// mailslot get: one message.
#include <memory>

#include "mailslot/command.h"
#include "mailslot/exit_status.h"
#include "mailslot/json_line.h"
#include "mailslot/output.h"
#include "mailslot/plain_line.h"
#include "mailslot/print_options.h"
#include "mailslot/report.h"
#include "os/standard_streams.h"

namespace mailslot::cli {
namespace {

struct GetOptions {
    std::string name;
    Timeout timeout = kForever;
    PrintOptions print{};
    bool verbose = false;
};

void append(std::string& out, const Message& message, const PrintOptions& print) {
    if (print.json) return append_json_line(out, shown(message, print));
    append_plain_line(out, shown(message, print),
                      {.raw = print.raw, .visible = os::output_is_terminal()});
}

int run(const GetOptions& options) {
    auto reader = Reader::create(options.name);
    if (!reader) return fail_for(options.name, reader.error());
    if (options.verbose) say("listening on " + std::string(reader->name()));
    const auto message = reader->get(options.timeout);
    if (!message && message.error().code == Errc::timed_out) {
        say("nothing came to " + std::string(reader->name()) + " within " +
            std::to_string(options.timeout.count()) + " ms");
        return kNothingInTime;
    }
    if (!message) return fail(message.error());
    Output output;
    append(output.text(), *message, options.print);
    const auto written = output.flush();
    if (written) return kDone;
    // Unlike elsewhere, closed output is a failure, because the message is lost with it.
    if (written.error().code != Errc::closed) return fail(written.error());
    say("the message is lost: standard output was closed");
    return kFailed;
}

Use prepare() {
    auto options = std::make_shared<GetOptions>();
    Arguments arguments{
        text("NAME", "", "The slot", options->name).required().offering(Offer::slots),
        milliseconds("--timeout", "Give up after MS milliseconds, with exit status 3",
                     options->timeout),
    };
    append(arguments, print_arguments(options->print));
    arguments.push_back(
        flag("-v,--verbose", "Report on standard error when the slot is ready", options->verbose));
    return {std::move(arguments), [options] { return run(*options); }};
}

}  // namespace

extern const Command get_command;
const Command get_command{30, "get", "Create a slot, print one message, and end", prepare,
                          R"(The slot exists only while the command runs.

Examples:
  mailslot get READY                              wait for a signal from another script
  answer=$(mailslot get ANSWERS --timeout 5000) || echo "no answer"
  mailslot get --raw IMAGES > photo.jpg)"};

}  // namespace mailslot::cli
