// mailslot record: keeps the messages of slots in a store, in the foreground.
#include <algorithm>
#include <chrono>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "history/keeper.h"
#include "history/stored_output.h"
#include "mailslot/command.h"
#include "mailslot/exit_status.h"
#include "mailslot/report.h"
#include "mailslot/size_text.h"
#include "mailslot/slot_arguments.h"
#include "os/standard_streams.h"
#include "os/stop_signal.h"
#include "os/wait_list.h"
#include "store/time_text.h"

namespace mailslot::cli {
namespace {

struct RecordOptions {
    std::vector<std::string> names_and_file{};
    std::optional<std::int64_t> until_us{};
    store::Retention retention{};
    SlotOptions slot{};
    bool verbose = false;
};

using std::chrono::steady_clock;
using Instant = steady_clock::time_point;

constexpr auto kProgressGap = std::chrono::milliseconds(500);
constexpr int kTurnsPerPoll = 16;  // while messages wait

class Recorder {
public:
    Recorder(const RecordOptions& options, Keeper keeper, const Clock& clock)
        : options_(options), keeper_(std::move(keeper)), clock_(clock) {}

    Result<void> watch(os::Handle stop_fd);  // before run(). Errors: no_resources, closed
    int run();

private:
    bool is_over() const;
    Result<void> wait(bool may_sleep);
    void report_trouble();
    void show_progress();
    void keep_rest();
    int end(const Result<bool>& taken);

    const RecordOptions& options_;
    Keeper keeper_;
    const Clock& clock_;
    os::WaitList waited_{};  // a stop, then the slots
    bool has_progress_ = os::output_is_terminal();
    Instant shown_{};
    std::optional<Errc> trouble_{};        // as reported
    std::uint64_t not_stored_before_ = 0;  // the trouble
};

Result<void> Recorder::watch(os::Handle stop_fd) {
    waited_.add(stop_fd);
    for (Reader& reader : keeper_.readers()) {
        const auto fd = reader.fileno();
        if (!fd) return fd.error();
        waited_.add(os::Handle{*fd});
    }
    return {};
}

bool Recorder::is_over() const {
    if (os::stop_requested() || waited_.is_ready(0)) return true;
    return options_.until_us && clock_.unix_microseconds() >= *options_.until_us;
}

int Recorder::run() {
    Result<bool> taken = false;
    int turns_unpolled = 0;
    while (!is_over()) {
        taken = keeper_.take_turn();
        if (!taken) break;
        keeper_.work();
        report_trouble();
        show_progress();
        if (*taken && ++turns_unpolled < kTurnsPerPoll) continue;
        turns_unpolled = 0;
        if (auto waited = wait(!*taken); !waited) {
            taken = waited.error();
            break;
        }
    }
    return end(taken);
}

Result<void> Recorder::wait(bool may_sleep) {
    std::optional<Instant> until = keeper_.due_at();
    if (options_.until_us) {
        const auto left =
            std::chrono::microseconds(*options_.until_us - clock_.unix_microseconds());
        until = std::min(until.value_or(Instant::max()), clock_.now() + left);
    }
    if (!may_sleep) until = clock_.now();
    const auto waited = waited_.wait(until, may_sleep ? waited_.size() : 1);
    if (!waited && waited.error().code != Errc::interrupted) return waited.error();
    return {};
}

// Reports a trouble once, and its end.
void Recorder::report_trouble() {
    const auto& trouble = keeper_.writer().trouble();
    const std::uint64_t not_stored = keeper_.writer().counters().not_stored;
    if (trouble && !trouble_) {
        trouble_ = trouble->code;
        say("cannot store messages: " + to_string(*trouble) + "; tries again every second");
    } else if (!trouble && trouble_) {
        trouble_.reset();
        say("stores messages again; " + grouped(not_stored - not_stored_before_) +
            " messages were not stored");
        not_stored_before_ = not_stored;
    }
}

void Recorder::show_progress() {
    const Instant now = clock_.now();
    if (!has_progress_ || now - shown_ < kProgressGap) return;
    shown_ = now;
    const auto& counters = keeper_.writer().counters();
    os::write_error("\r\x1b[K" + grouped(counters.stored) + " messages, " +
                    grouped(counters.file_bytes / 1024) + " KiB, " + grouped(keeper_.lost()) +
                    " lost, " + grouped(counters.not_stored) + " not stored");
}

// Keeps the messages that wait. Those that come meanwhile may be too many to end.
void Recorder::keep_rest() {
    std::uint64_t waiting = 0;
    for (const Reader& reader : keeper_.readers()) waiting += reader.qsize();
    const std::uint64_t enough = keeper_.counters().taken + waiting;
    while (keeper_.counters().taken < enough) {
        const auto taken = keeper_.take_turn();
        if (!taken || !*taken) return;
    }
}

int Recorder::end(const Result<bool>& taken) {
    if (has_progress_) os::write_error("\r\x1b[K");
    keep_rest();
    keeper_.end(taken ? "stopped" : "failed");
    const auto counters = keeper_.counters();
    say(grouped(counters.stored) + (counters.stored == 1 ? " message" : " messages") +
        " recorded in " + options_.names_and_file.back() + ", " + grouped(keeper_.lost()) +
        " lost, " + grouped(counters.not_stored) + " not stored");
    if (!taken) return fail(taken.error());
    return counters.not_stored > 0 ? kFailed : kDone;
}

int run(const RecordOptions& options) {
    const SystemClock clock;
    os::StopSignal stop;  // before the readers, which start a thread
    if (options.names_and_file.size() < 2) {
        say("name the slots, then the file; see 'mailslot record --help'");
        return kWrongUse;
    }
    const std::string& file = options.names_and_file.back();
    const auto names = std::span(options.names_and_file).first(options.names_and_file.size() - 1);
    for (std::size_t i = 1; i < names.size(); ++i) {
        if (std::ranges::count(names.first(i), names[i]) == 0) continue;
        say(names[i] + " is named twice");
        return kWrongUse;
    }
    auto writer = store::StoreWriter::open(file, options.retention, clock);
    if (!writer) return fail_store(file, writer.error());
    std::vector<Reader> readers;
    for (const std::string& name : names) {
        auto reader = Reader::create(name, options.slot);
        if (!reader) return fail_for(name, reader.error());
        readers.push_back(std::move(*reader));
    }
    Recorder recorder(options, Keeper(std::move(readers), std::move(*writer), clock), clock);
    const auto stop_fd = stop.start();
    if (!stop_fd) return fail(stop_fd.error());
    if (const auto watched = recorder.watch(*stop_fd); !watched) return fail(watched.error());
    if (options.verbose) say("recording into " + file);
    return recorder.run();
}

Argument until_option(RecordOptions& options) {
    return {"--until", "TIME", "End at that time: 12:00, or 2026-12-01T12:00",
            [&options](const auto& values) {
                const std::int64_t now = SystemClock().unix_microseconds();
                options.until_us = store::parse_time(values.back(), store::system_time_base(now),
                                                     store::TimeOfDay::coming);
                if (!options.until_us)
                    return "'" + values.back() + "' is not a time; write for example 12:00";
                return *options.until_us > now ? std::string() : values.back() + " is past";
            }};
}

Argument age_option(RecordOptions& options) {
    return {"--keep-age", "AGE", "Remove messages older than AGE: 90s, 5m, 2h or 3d",
            [&options](const auto& values) {
                const auto age = store::parse_duration(values.back());
                if (!age || age->count() == 0)
                    return "'" + values.back() + "' is not an age; write for example 2h";
                options.retention.max_age = *age;
                return std::string();
            }};
}

Argument bytes_option(RecordOptions& options) {
    return {"--keep-bytes", "SIZE", "Remove the oldest messages when the file has SIZE",
            [&options](const auto& values) {
                const auto bytes = parse_size(values.back());
                if (!bytes || *bytes < 1024 * 1024)
                    return "'" + values.back() + "' is not a size from 1MiB";
                options.retention.max_bytes = *bytes;
                return std::string();
            }};
}

Use prepare() {
    auto options = std::make_shared<RecordOptions>();
    Arguments arguments{
        texts("NAME... FILE", "", "The slots, then the file, which is made or continued",
              options->names_and_file)
            .required()
            .offering(Offer::files),
        until_option(*options),
        bytes_option(*options),
        age_option(*options),
    };
    append(arguments, slot_options(options->slot));
    arguments.push_back(flag("-v,--verbose", "Report when recording has begun", options->verbose));
    return {std::move(arguments), [options] { return run(*options); }};
}

}  // namespace

extern const Command record_command;
const Command record_command{
    43, "record", "Record the messages of slots into a file", prepare,
    R"(The slots exist only while the command runs. Ctrl-C ends it. Messages are in the file 0.1 s after
they came. 'mailslot search' and 'mailslot export' read the file, also meanwhile.

Examples:
  mailslot record LOG ALARMS today.store
  mailslot record LOG ring.store --keep-bytes 1GiB --keep-age 7d
  mailslot record LOG night.store --until 06:00)"};

}  // namespace mailslot::cli
