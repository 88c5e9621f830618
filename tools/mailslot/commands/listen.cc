// mailslot listen: every message of some slots, until the command is stopped.
#include <algorithm>
#include <chrono>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <thread>
#include <unordered_set>
#include <utility>
#include <vector>

#include "api/process.h"
#include "carrier/carrier.h"
#include "mailslot/command.h"
#include "mailslot/exit_status.h"
#include "mailslot/json_line.h"
#include "mailslot/loss_report.h"
#include "mailslot/output.h"
#include "mailslot/plain_line.h"
#include "mailslot/print_options.h"
#include "mailslot/report.h"
#include "mailslot/sender_report.h"
#include "mailslot/slot_arguments.h"
#include "mailslot/slot_json.h"
#include "model/limits.h"
#include "office/station.h"
#include "os/standard_streams.h"
#include "os/stop_signal.h"
#include "os/wait_list.h"
#include "trust/keys.h"
#include "wire/winsys_record.h"

namespace mailslot::cli {
namespace {

struct ListenOptions {
    std::vector<std::string> names;
    std::optional<std::uint64_t> count{};
    Timeout timeout = kForever;
    PrintOptions print{};
    SlotOptions slot{};
    bool verbose = false;
};

using Instant = std::chrono::steady_clock::time_point;
using std::chrono::steady_clock;

// If no message comes, nothing else would wake the command to report why.
constexpr auto kLookAtNetwork = std::chrono::seconds(1);
constexpr int kTurn = 256;         // messages taken from a slot before the next slot's turn
constexpr int kTurnsPerPoll = 16;  // while messages wait: a system call every few thousand

enum class End { stopped, counted, timed_out, output_closed, failed };

std::string plural(std::uint64_t count, std::string_view noun) {
    return std::to_string(count) + ' ' + std::string(noun) + (count == 1 ? "" : "s");
}

// Returns whether the message is a log handler's goodbye. Without a label, a winsys handler sends a
// None, which counts only if lines are not bare, since a bare line may be any writer's byte.
bool is_goodbye(const Message& message, bool is_bare) {
    const bool says_so = !message.label("closing").empty();
    if (says_so && message.text().empty()) return true;
    if ((is_bare && !says_so) || message.format() == Format::text) return false;
    const auto record = wire::winsys_record(message.bytes(), message.format());
    return record && record->is_end;
}

// Counts messages and senders.
class Tally {
public:
    void add(const Message& message) {
        ++messages_;
        if (message.origin() == last_origin_ && messages_ > 1) return;  // fast path
        last_origin_ = message.origin();
        if (origins_.size() < kMaxSenders) origins_.insert(last_origin_);
    }
    std::uint64_t messages() const { return messages_; }
    std::string text() const {
        const bool more = origins_.size() == kMaxSenders;
        return plural(messages_, "message") + " from " + (more ? "at least " : "") +
               plural(origins_.size(), "sender");
    }

private:
    std::uint64_t messages_ = 0, last_origin_ = 0;
    std::unordered_set<std::uint64_t> origins_{};
};

class Listener {
public:
    Listener(const ListenOptions& options, std::vector<Reader> readers,
             std::chrono::microseconds spin)
        : options_(options),
          readers_(std::move(readers)),
          style_(choose_style(options.print, os::output_is_terminal(), colours_unwanted(),
                              readers_.size())),
          spin_(spin) {}

    Result<void> watch(os::Handle stop_fd);  // before run(). Errors: no_resources, closed
    int run();

private:
    void take_turns();               // a turn of each slot
    bool take_turn(Reader& reader);  // returns true if more may be waiting
    bool look_again() const;         // spins for a moment; returns whether a message came
    void print(const Message& message);
    void note_loss(const Message& message);
    void flush();
    void wait();
    os::Deadline wait_until(Instant now) const;
    void end(End how) {
        if (!end_) end_ = how;
    }
    void fail_with(const Error& error);
    void warn_about_network();
    void say_losses(std::optional<std::string> line);
    int summarize();
    void say_who_lost();

    const ListenOptions& options_;
    std::vector<Reader> readers_;
    PlainStyle style_;
    std::chrono::microseconds spin_;
    os::WaitList waited_{};  // a stop, the end of standard output, then the slots
    Output output_{};
    Message message_{};
    Tally tally_{};
    std::uint64_t printed_ = 0;  // without goodbyes, which the tally counts
    LossReport losses_{};
    Instant last_came_ = steady_clock::now();
    bool waiting_ = false;    // a slot's turn ended before the slot was empty
    int turns_unpolled_ = 0;  // polls left out meanwhile
    bool network_warned_ = false;
    std::optional<End> end_{};
    int status_ = kDone;
};

Result<void> Listener::watch(os::Handle stop_fd) {
    waited_.add(stop_fd);
    waited_.add_for_end(os::standard_output());  // `| head` has ended
    for (Reader& reader : readers_) {
        const auto fd = reader.fileno();
        if (!fd) return fd.error();
        waited_.add(os::Handle{*fd});
    }
    return {};
}

int Listener::run() {
    while (!end_) {
        take_turns();
        if (!end_ && !waiting_ && look_again()) waiting_ = true;
        if (!end_ && !waiting_) {
            flush();
            warn_about_network();
        }
        if (end_ || (waiting_ && !os::stop_requested() && ++turns_unpolled_ < kTurnsPerPoll))
            continue;
        turns_unpolled_ = 0;
        wait();
    }
    flush();
    return summarize();
}

// Spins as long as a reader spins before it sleeps, after a message only. In the middle of a stream
// the next message is on its way, and to write a few lines and sleep would cost more.
bool Listener::look_again() const {
    if (output_.is_empty() || spin_.count() == 0) return false;
    const Instant until = steady_clock::now() + spin_;
    do {
        for (const Reader& reader : readers_) {
            if (!reader.empty()) return true;
        }
    } while (steady_clock::now() < until);
    return false;
}

void Listener::take_turns() {
    const std::uint64_t before = tally_.messages();
    waiting_ = false;
    for (Reader& reader : readers_) {
        if (take_turn(reader)) waiting_ = true;
        if (end_) return;
    }
    if (options_.timeout == kForever && !losses_.due_at()) return;
    const Instant now = steady_clock::now();
    say_losses(losses_.due(now));
    if (tally_.messages() != before)
        last_came_ = now;
    else if (options_.timeout != kForever && now - last_came_ >= options_.timeout)
        end(End::timed_out);
}

bool Listener::take_turn(Reader& reader) {
    for (int i = 0; i < kTurn; ++i) {
        if (const auto got = reader.get_into(message_, Timeout{0}); !got) {
            if (got.error().code != Errc::timed_out) fail_with(got.error());
            return false;
        }
        print(message_);
        if (options_.count && printed_ == *options_.count) end(End::counted);
        if (end_) return false;
    }
    return true;
}

void Listener::print(const Message& message) {
    tally_.add(message);
    if (message.lost_before() > 0) note_loss(message);
    const std::string_view text = message.text();
    const bool says_goodbye = is_goodbye(message, style_.is_bare(message.trust()));
    // A log handler's goodbye, with nothing to print.
    if (says_goodbye && !options_.print.json) return;
    ++printed_;
    if (options_.print.json) {
        append_json_line(output_.text(), shown(message, options_.print));
    } else if (style_.as_it_is() && message.format() != Format::value && !options_.print.decode) {
        output_.text() += text;  // fast path
        if (!style_.raw) output_.text() += '\n';
    } else {
        append_plain_line(output_.text(), shown(message, options_.print), style_);
    }
    if (output_.is_block()) flush();
}

void Listener::note_loss(const Message& message) {
    auto line = losses_.note(message.lost_before(), message.from_host(), steady_clock::now());
    if (line) flush();  // the words "this one" in `line` mean the next line
    say_losses(std::move(line));
}

void Listener::flush() {
    const auto written = output_.flush();
    if (written) return;
    if (written.error().code == Errc::closed)
        end(os::stop_requested() ? End::stopped : End::output_closed);
    else
        fail_with(written.error());
}

os::Deadline Listener::wait_until(Instant now) const {
    if (waiting_) return now;
    std::optional<Instant> until = losses_.due_at();
    if (!network_warned_) until = std::min(until.value_or(Instant::max()), now + kLookAtNetwork);
    if (options_.timeout != kForever) {
        const Instant deadline = last_came_ + options_.timeout;
        until = until ? std::min(*until, deadline) : deadline;
    }
    return until;
}

void Listener::wait() {
    // While messages wait, look only at what could end the command.
    const std::size_t count = waiting_ ? 2 : waited_.size();
    const auto waited = waited_.wait(wait_until(steady_clock::now()), count);
    if (!waited && waited.error().code != Errc::interrupted) return fail_with(waited.error());
    if (waited_.is_ready(0) || os::stop_requested()) end(End::stopped);
    if (waited_.is_ready(1)) end(End::output_closed);
}

void Listener::fail_with(const Error& error) {
    if (status_ != kDone) return;
    end(End::failed);
    status_ = fail(error);
}

void Listener::warn_about_network() {
    if (network_warned_) return;
    for (const Reader& reader : readers_) {
        const auto error = reader.network_error();
        if (!error) continue;
        if (error->reason == Reason::other_network) {
            if (options_.verbose) say("warning: " + error->detail);
            network_warned_ = true;
            return;
        }
        const bool is_in_part = error->reason == Reason::one_family;
        say((is_in_part ? "warning: " : "warning: nothing comes from other machines: ") +
            to_string(*error));
        network_warned_ = true;  // the cause is the machine's: report it once
        return;
    }
}

void Listener::say_losses(std::optional<std::string> line) {
    if (line) say(*line);
}

int Listener::summarize() {
    say_losses(losses_.rest());
    std::vector<Losses> lost;
    std::uint64_t unread = 0;
    for (const Reader& reader : readers_) {
        lost.push_back(reader.info().lost);
        unread += reader.qsize();
    }
    const std::string losses = losses_text(lost);
    const bool has_lost =
        std::ranges::any_of(lost, [](const Losses& one) { return one.total() > 0; });
    if (end_ == End::timed_out) {
        say("nothing came for " + std::to_string(options_.timeout.count()) + " ms");
        status_ = kNothingInTime;
    }
    if (end_ == End::stopped || has_lost || options_.verbose) {
        const std::string rest = unread > 0 ? ", " + std::to_string(unread) + " unread" : "";
        say(tally_.text() + ", " + losses + rest);
        if (has_lost) say_who_lost();
    }
    return status_;
}

// Reports senders on other machines. Writers on this machine get every error themselves.
void Listener::say_who_lost() {
    std::vector<std::pair<std::string, SenderInfo>> all;
    for (const Reader& reader : readers_) {
        auto heard = senders(reader.name());
        if (!heard) continue;
        for (SenderInfo& sender : *heard) all.emplace_back(reader.name(), std::move(sender));
    }
    for (const std::string& line : sender_lines(std::move(all), readers_.size() > 1)) say(line);
}

// On a single processor, spinning would keep the writer from running.
std::chrono::microseconds spin_of(const Settings& settings) {
    if (std::thread::hardware_concurrency() == 1) return std::chrono::microseconds(0);
    return settings.spin;
}

int run(const ListenOptions& options) {
    const auto process = Process::current();
    if (!process) return fail(process.error());
    os::StopSignal stop;  // before the readers, which start a thread
    std::vector<Reader> readers;
    for (const std::string& name : options.names) {
        auto reader = Reader::create(name, options.slot);
        if (!reader) return fail_for(name, reader.error());
        readers.push_back(std::move(*reader));
    }
    const Settings& settings = (*process)->settings();
    ListenOptions marked = options;
    // On a machine without keys, every line would have the mark.
    marked.print.marks = options.verbose || (settings.keys && !settings.keys->ring()->is_empty());
    Listener listener(marked, std::move(readers), spin_of(settings));
    const auto stop_fd = stop.start();
    if (!stop_fd) return fail(stop_fd.error());
    if (const auto watched = listener.watch(*stop_fd); !watched) return fail(watched.error());
    if (options.verbose) {
        for (const std::string& name : options.names) say("listening on " + name);
    }
    return listener.run();
}

Use prepare() {
    auto options = std::make_shared<ListenOptions>();
    Arguments arguments{
        texts("NAME", "", "The slots", options->names).required().offering(Offer::slots),
        number(
            "--count", "N", "End after N messages", 1,
            [options](std::int64_t count) { options->count = static_cast<std::uint64_t>(count); }),
        milliseconds("--timeout", "End with exit status 3 if nothing came for MS",
                     options->timeout),
    };
    append(arguments, print_arguments(options->print));
    arguments.push_back(flag("--with-host",
                             "Print the sender's host before each message, as on a terminal",
                             options->print.with_host));
    append(arguments, slot_options(options->slot));
    arguments.push_back(flag("-v,--verbose",
                             "Report when the slots are ready, and always print totals at the end",
                             options->verbose));
    return {std::move(arguments), [options] { return run(*options); }};
}

}  // namespace

extern const Command listen_command;
const Command listen_command{
    40, "listen", "Create slots and print their messages", prepare,
    R"(The slots exist only while the command runs. Ctrl-C ends it. Lost messages are reported on
standard error.

Examples:
  mailslot listen LISTENER
  mailslot listen LOG ALARMS --json | jq -r .text
  mailslot listen LOG --count 100 --timeout 60000 > sample.log
  mailslot listen STATUS --max-messages 100 --when-full drop_oldest      the newest 100 wait)"};

}  // namespace mailslot::cli
