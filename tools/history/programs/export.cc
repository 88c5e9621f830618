// mailslot export: prints the messages of a store, oldest first.
#include <chrono>
#include <memory>
#include <optional>
#include <string>

#include "base/clock.h"
#include "history/store_query.h"
#include "history/stored_output.h"
#include "mailslot/command.h"
#include "mailslot/exit_status.h"
#include "mailslot/output.h"
#include "mailslot/report.h"
#include "os/standard_streams.h"
#include "os/stop_signal.h"
#include "os/wait_list.h"
#include "store/search.h"

namespace mailslot::cli {
namespace {

struct ExportOptions {
    StoreQuery query{};
    bool as_text = false;
    bool events = false;
    bool follow = false;
    std::string from{};  // a position
};

// A new message appears so much later than its commit.
constexpr auto kLookGap = std::chrono::milliseconds(50);

int print_events(const ExportOptions& options, store::StoreReader& reader) {
    const auto events = reader.events();
    if (!events) return fail_store(options.query.file, events.error());
    Output output;
    for (const store::StoredEvent& event : *events) append_event_json(output.text(), event);
    return finish(output);
}

void print_matches(const ExportOptions& options, const store::Search& search,
                   const store::TimeBase& zone, std::string& out) {
    for (std::size_t i = 0; i < search.size(); ++i) {
        if (options.as_text)
            append_stored_line(out, search[i], zone);
        else
            append_stored_json(out, search[i]);
    }
}

// Waits a moment for more. Returns false if the command must end.
bool wait_for_more(os::WaitList& ends) {
    (void)ends.wait(std::chrono::steady_clock::now() + kLookGap);  // an interrupt is a stop
    return !ends.is_ready(0) && !ends.is_ready(1) && !os::stop_requested();
}

int end_of(const Result<void>& written, const ExportOptions& options,
           const store::SearchCounters& counters) {
    if (!written && written.error().code != Errc::closed) return fail(written.error());
    if (counters.unreadable_blocks == 0) return kDone;
    say(options.query.file + ": the file is damaged: " + grouped(counters.unreadable_blocks) +
        " places could not be read");
    return kFailed;
}

int print_messages(const ExportOptions& options, store::Search search, const store::TimeBase& zone,
                   os::Handle stop_fd) {
    os::WaitList ends;
    ends.add(stop_fd);
    ends.add_for_end(os::standard_output());
    Output output;
    Result<void> written{};
    while (written && !os::stop_requested()) {
        const auto more = search.next_block();
        if (!more) return fail_store(options.query.file, more.error());
        if (*more) print_matches(options, search, zone, output.text());
        if (!*more || output.is_block()) written = output.flush();
        if (!*more && (!options.follow || !wait_for_more(ends))) break;
    }
    if (written) written = output.flush();
    return end_of(written, options, search.counters());
}

int run(const ExportOptions& options) {
    os::StopSignal stop;
    const SystemClock clock;
    const auto zone = store::system_time_base(clock.unix_microseconds());
    auto query = parse_words(options.query, zone);
    if (!query) return query.error();
    const auto from = store::parse_position(options.from);
    auto reader = store::StoreReader::open(options.query.file);
    if (!reader) return fail_store(options.query.file, reader.error());
    if (options.events) return print_events(options, *reader);
    const auto stop_fd = stop.start();
    if (!stop_fd) return fail(stop_fd.error());
    store::Search search(*reader, std::move(*query), store::Direction::oldest_first);
    if (from) search.start_at(*from);
    return print_messages(options, std::move(search), zone, *stop_fd);
}

Use prepare() {
    auto options = std::make_shared<ExportOptions>();
    Arguments arguments = store_query_arguments(options->query);
    append(
        arguments,
        {choice("--format", "FORMAT", "json (default; one object a line) or text (a line each)",
                {"json", "text"}, [options](std::size_t index) { options->as_text = index == 1; }),
         Argument{"--from", "POSITION", "Begin at that message, as `position` in JSON names it",
                  [options](const auto& values) {
                      options->from = values.back();
                      return store::parse_position(options->from)
                                 ? std::string()
                                 : "'" + options->from + "' is not a position such as 12-34";
                  }},
         flag("--follow", "Go on with messages that are recorded from now on", options->follow),
         flag("--events", "Print losses, and starts and ends of recording, instead of messages",
              options->events)
             .without("--follow")});
    return {std::move(arguments), [options] { return run(*options); }};
}

}  // namespace

extern const Command export_command;
const Command export_command{
    46, "export", "Print all messages of a recorded file", prepare,
    R"(Oldest first, all or those that match QUERY. 'man mailslot' describes queries.

Examples:
  mailslot export today.store > today.jsonl
  mailslot export today.store --format text since:-5m
  mailslot export today.store --follow 'level:>=error')"};

}  // namespace mailslot::cli
