// mailslot get: one message.
#include "mailslot/commands.h"
#include "mailslot/exit_status.h"
#include "mailslot/json_line.h"
#include "mailslot/output.h"
#include "mailslot/plain_line.h"
#include "mailslot/report.h"

namespace mailslot::cli {
namespace {

void append(std::string& out, const Message& message, const PrintOptions& print) {
    if (print.json) return append_json_line(out, row_of(message, print));
    append_plain_line(out, row_of(message, print),
                      {.raw = print.raw, .visible = output_is_terminal()});
}

}  // namespace

int run_get(const GetOptions& options) {
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

}  // namespace mailslot::cli
