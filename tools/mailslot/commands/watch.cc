// mailslot watch: shows arriving and lost messages on this machine, as they happen.
#include <algorithm>
#include <chrono>
#include <cstdlib>
#include <memory>
#include <optional>
#include <span>
#include <string>

#include "api/process.h"
#include "local/ask_reader.h"
#include "mailslot/command.h"
#include "mailslot/exit_status.h"
#include "mailslot/output.h"
#include "mailslot/report.h"
#include "mailslot/watch_view.h"
#include "model/own_host.h"
#include "office/ask_office.h"
#include "os/standard_streams.h"
#include "os/stop_signal.h"
#include "os/terminal.h"
#include "os/wait_list.h"

namespace mailslot::cli {
namespace {

struct WatchOptions {
    bool json = false;
    Timeout interval{1000};
    std::optional<std::uint64_t> count{};
};

using std::chrono::steady_clock;
using Instant = steady_clock::time_point;

// Further senders are counted but not shown, because looking costs the post office time.
constexpr std::size_t kSendersLookedAt = 2000;

void look_at_slot(std::span<const local::SlotFolder> folders, const local::SlotEntry& entry,
                  Result<SlotInfo> slot, Sample& sample) {
    if (!slot) return;
    if (slot->senders > 0) {
        const std::size_t left =
            kSendersLookedAt - std::min(kSendersLookedAt, sample.senders.size());
        auto heard = office::ask_for_senders(folders, entry, *slot, left);
        const std::size_t seen = heard ? heard->size() : 0;
        for (std::size_t i = 0; i < seen; ++i) {
            sample.senders.emplace_back(slot->name, std::move((*heard)[i]));
        }
        sample.senders_left_out += slot->senders - std::min<std::uint64_t>(seen, slot->senders);
    }
    sample.slots.push_back(std::move(*slot));
}

// Adds the counters of both post offices that a machine may have: this user's and the system's.
void add_counters(std::vector<wire::NamedCounter>& all, std::vector<wire::NamedCounter> more) {
    for (wire::NamedCounter& counter : more) {
        const auto known = std::ranges::find(all, counter.name, &wire::NamedCounter::name);
        if (known == all.end())
            all.push_back(std::move(counter));
        else
            known->value += counter.value;
    }
}

Sample look(const Process& process) {
    Sample sample;
    sample.at = steady_clock::now();
    sample.time = std::chrono::system_clock::now();
    const std::vector<local::SlotFolder> folders = process.folders();
    for (const local::SlotFolder& folder : folders) {
        const std::vector<local::SlotEntry> entries = folder.list();
        auto slots = local::ask_all_for_info(entries, os::stop_requested);
        for (std::size_t i = 0; i < entries.size() && !os::stop_requested(); ++i) {
            look_at_slot(folders, entries[i], std::move(slots[i]), sample);
        }
        if (auto counters = office::ask_for_counters(folder)) {
            add_counters(sample.machine, std::move(*counters));
        }
    }
    return sample;
}

bool terminal_is_utf8() {
    for (const char* variable : {"LC_ALL", "LC_CTYPE", "LANG"}) {
        const char* const value = std::getenv(variable);
        if (value == nullptr || *value == '\0') continue;
        const std::string_view text = value;
        return text.find("UTF-8") != text.npos || text.find("utf8") != text.npos ||
               text.find("UTF8") != text.npos || text.find("utf-8") != text.npos;
    }
    return false;
}

class Watcher {
public:
    Watcher(const WatchOptions& options, const Process& process, os::Handle stop_fd)
        : options_(options), process_(process) {
        const char* const kind = std::getenv("TERM");
        const bool can_draw = kind != nullptr && std::string_view(kind) != "dumb";
        if (!options.json && os::output_is_terminal() && can_draw) terminal_.emplace();
        waited_.add(stop_fd);
        waited_.add_for_end(os::standard_output());
        waited_.add(terminal_ ? terminal_->input_fd() : os::kNoHandle);
    }
    int run();

private:
    static constexpr std::size_t kStop = 0, kOutput = 1, kKeys = 2;  // places in waited_

    bool take_look();  // returns false if the command must end
    void show();
    bool wait_until(Instant next);
    bool flush();

    const WatchOptions& options_;
    const Process& process_;
    std::optional<os::Terminal> terminal_{};
    os::WaitList waited_{};
    WatchBook book_{};
    Picture picture_{};
    Output output_{};
    int status_ = kDone;
};

int Watcher::run() {
    Instant next = steady_clock::now();
    if (!take_look()) return status_;
    for (std::uint64_t shown = 0; !options_.count || shown < *options_.count; ++shown) {
        // Looks missed during a slow look are not made up for.
        next = std::max(next + options_.interval, steady_clock::now());
        if (!wait_until(next) || !take_look()) break;
    }
    return status_;
}

bool Watcher::take_look() {
    Sample sample = look(process_);
    if (os::stop_requested()) return false;
    picture_ = book_.add(std::move(sample));
    show();
    return flush();
}

void Watcher::show() {
    if (terminal_) {
        const os::TerminalSize size = terminal_->size();
        output_.text() += draw_screen(
            picture_, {size.columns, size.rows, !colours_unwanted(), terminal_is_utf8()},
            own_host(process_.settings()));
    } else if (picture_.seconds > 0 && options_.json) {
        append_watch_json(output_.text(), picture_);
    } else if (picture_.seconds > 0) {
        output_.text() += plain_rows(picture_);
    }
}

bool Watcher::flush() {
    const auto written = output_.flush();
    if (written) return true;
    if (written.error().code != Errc::closed) {
        terminal_.reset();
        status_ = fail(written.error());
    }
    return false;
}

// Returns false if the command must end.
bool Watcher::wait_until(Instant next) {
    for (;;) {
        if (steady_clock::now() >= next) return true;
        (void)waited_.wait(next);  // a signal is a stop, Ctrl-Z or a new size: see below
        if (os::stop_requested() || waited_.is_ready(kStop) || waited_.is_ready(kOutput))
            return false;
        if (!terminal_) continue;
        if (waited_.is_ready(kKeys) && terminal_->wants_to_end()) return false;
        if (waited_.has_gone(kKeys)) return false;
        const bool came_back = terminal_->stop_if_asked();
        if (!terminal_->was_resized() && !came_back) continue;
        show();
        if (!flush()) return false;
    }
}

int run(const WatchOptions& options) {
    const auto process = Process::current();
    if (!process) return fail(process.error());
    os::StopSignal stop;
    const auto stop_fd = stop.start();
    if (!stop_fd) return fail(stop_fd.error());
    return Watcher(options, **process, *stop_fd).run();
}

Use prepare() {
    auto options = std::make_shared<WatchOptions>();
    Arguments arguments{
        flag("--json", "One JSON object per interval, each on its own line", options->json),
        number("--interval", "MS", "Time between two looks (default 1000)", 50,
               [options](std::int64_t ms) { options->interval = Timeout(ms); }),
        number(
            "--count", "N", "End after N intervals", 1,
            [options](std::int64_t count) { options->count = static_cast<std::uint64_t>(count); }),
    };
    return {std::move(arguments), [options] { return run(*options); }};
}

}  // namespace

extern const Command watch_command;
const Command watch_command{
    110, "watch", "Show a live table of slots, senders, rates and losses", prepare,
    R"(On a terminal the table fills the screen until Ctrl-C or q. To a file or a pipe each interval
prints a block of rows. Red rows have lost messages since the look before.

Examples:
  mailslot watch
  mailslot watch --interval 5000 >> rates.txt
  mailslot watch --json | jq '.slots[] | select(.lost_now > 0)')"};

}  // namespace mailslot::cli
