// mailslot search: finds messages in a store, newest first.
#include "store/search.h"

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
#include "os/stop_signal.h"

namespace mailslot::cli {
namespace {

using std::chrono::steady_clock;

struct SearchOptions {
    StoreQuery query{};
    bool json = false;
    bool count = false;
    std::optional<std::uint64_t> limit{};
};

// Results appear while the search goes on.
constexpr auto kFlushGap = std::chrono::milliseconds(50);

class Searcher {
public:
    Searcher(const SearchOptions& options, store::Search search, const store::TimeBase& zone)
        : options_(options), search_(std::move(search)), zone_(zone) {}

    int run();

private:
    void print_matches();
    Result<void> flush_if_due();
    int summarize(const Result<void>& written);

    const SearchOptions& options_;
    store::Search search_;
    store::TimeBase zone_;
    Output output_{};
    std::uint64_t found_ = 0;
    steady_clock::time_point began_ = steady_clock::now(), flushed_ = began_;
};

bool is_enough(const SearchOptions& options, std::uint64_t found) {
    return options.limit && found >= *options.limit;
}

int Searcher::run() {
    if (options_.count) search_.without_texts();
    Result<void> written{};
    while (written && !os::stop_requested() && !is_enough(options_, found_)) {
        const auto more = search_.next_block();
        if (!more) return fail_store(options_.query.file, more.error());
        if (!*more) break;
        print_matches();
        written = flush_if_due();
    }
    if (options_.count && written) output_.text() += std::to_string(found_) + '\n';
    if (written) written = output_.flush();
    return summarize(written);
}

void Searcher::print_matches() {
    for (std::size_t i = 0; i < search_.size() && !is_enough(options_, found_); ++i) {
        ++found_;
        if (options_.count) continue;
        if (options_.json)
            append_stored_json(output_.text(), search_[i]);
        else
            append_stored_line(output_.text(), search_[i], zone_);
    }
}

Result<void> Searcher::flush_if_due() {
    if (output_.is_empty()) return {};
    const auto now = steady_clock::now();
    if (!output_.is_block() && now - flushed_ < kFlushGap) return {};
    flushed_ = now;
    return output_.flush();
}

int Searcher::summarize(const Result<void>& written) {
    if (!written) return written.error().code == Errc::closed ? kDone : fail(written.error());
    const auto& counters = search_.counters();
    const auto ms =
        std::chrono::duration_cast<std::chrono::milliseconds>(steady_clock::now() - began_);
    say(grouped(found_) + (found_ == 1 ? " message" : " messages") + " found, " +
        grouped(counters.messages) + " searched in " + std::to_string(ms.count()) + " ms" +
        (os::stop_requested() ? ", stopped" : ""));
    if (counters.unreadable_blocks > 0) {
        say("the file is damaged: " + grouped(counters.unreadable_blocks) +
            " places could not be read");
        return kFailed;
    }
    return found_ > 0 ? kDone : kNothingInTime;
}

int run(const SearchOptions& options) {
    os::StopSignal stop;
    const SystemClock clock;
    const auto zone = store::system_time_base(clock.unix_microseconds());
    auto query = parse_words(options.query, zone);
    if (!query) return query.error();
    auto reader = store::StoreReader::open(options.query.file);
    if (!reader) return fail_store(options.query.file, reader.error());
    if (const auto started = stop.start(); !started) return fail(started.error());
    Searcher searcher(
        options, store::Search(*reader, std::move(*query), store::Direction::newest_first), zone);
    return searcher.run();
}

Use prepare() {
    auto options = std::make_shared<SearchOptions>();
    Arguments arguments = store_query_arguments(options->query);
    append(arguments,
           {flag("--json", "One JSON object a line, with the envelope", options->json),
            flag("--count", "Print only the number of messages", options->count).without("--json"),
            number("--limit", "N", "End after N messages", 1, [options](std::int64_t count) {
                options->limit = static_cast<std::uint64_t>(count);
            })});
    return {std::move(arguments), [options] { return run(*options); }};
}

}  // namespace

extern const Command search_command;
const Command search_command{
    44, "search", "Find messages in a recorded file", prepare,
    R"(Newest first. A word matches whole words only, *part* a part of a word. Put -- before a term that
begins with -. Exit status 3 if nothing was found. 'man mailslot' describes queries.

Examples:
  mailslot search today.store disk
  mailslot search today.store 'host:alpha level:>=warning "disk full" since:-2h'
  mailslot search today.store --count -- -debug 'timeout|refused'
  mailslot search today.store --limit 100)"};

}  // namespace mailslot::cli
