// mailslot put: messages from the command line or from standard input.
#include <algorithm>
#include <iomanip>
#include <memory>
#include <optional>
#include <span>
#include <sstream>
#include <string>
#include <string_view>
#include <system_error>
#include <vector>

#include "api/process.h"
#include "carrier/carrier_writer.h"
#include "mailslot/absence.h"
#include "mailslot/command.h"
#include "mailslot/exit_status.h"
#include "mailslot/line_splitter.h"
#include "mailslot/output.h"
#include "mailslot/report.h"
#include "mailslot/stream_book.h"
#include "model/address.h"
#include "model/limits.h"
#include "os/standard_streams.h"

namespace mailslot::cli {
namespace {

struct PutOptions {
    std::string address;
    std::vector<std::string> messages;  // none: standard input
    bool whole = false;                 // all of standard input is one message
    bool bytes = false;                 // do not claim UTF-8
    bool no_wait = false;
    bool stop_on_error = false;
    bool verbose = false;
    std::optional<Timeout> wait{};
    std::vector<std::string> labels;  // NAME=VALUE
};

// Wraps a writer: counts messages, and says which message failed.
class Putter {
public:
    // Behaviour of a stream when a message fails: go on or not, and how long to wait for an
    // absent reader.
    struct Stream {
        bool goes_on = false;
        bool is_elsewhere = false;
        std::optional<std::string> only_slot{};  // empty: messages go over the network
        Timeout patience{0};
    };
    Putter(Writer writer, const mailslot::PutOptions& how, const Stream& stream)
        : writer_(std::move(writer)),
          how_(how),
          goes_on_(stream.goes_on),
          is_elsewhere_(stream.is_elsewhere),
          only_slot_(stream.only_slot),
          book_(stream.is_elsewhere),
          absence_(stream.patience) {}

    Result<void> put_all(std::span<const std::string_view> messages);
    Result<void> put_lines();  // each line of standard input
    Result<void> put_whole();  // all of standard input
    // Sends held messages, and closes.
    Result<void> finish();

    std::uint64_t done() const { return book_.messages_put(); }
    // Returns a line on how many messages did not leave, after finish(). Empty if all did.
    std::string failures(std::uint64_t lost) const { return goes_on_ ? book_.sum(lost) : ""; }

private:
    Result<void> check_size(std::size_t bytes);
    bool waits_for_reader(const Error& error);
    void leave_out(const Error& error);
    bool may_go_on(const Error& error) const { return goes_on_ && StreamBook::may_pass(error); }
    void say_failure(const std::optional<Error>& error, const std::string& which = {}) const;

    Writer writer_;
    const mailslot::PutOptions how_;
    const bool goes_on_;
    const bool is_elsewhere_;
    const std::optional<std::string> only_slot_;
    StreamBook book_;
    Absence absence_;
};

Result<void> Putter::put_all(std::span<const std::string_view> messages) {
    while (!messages.empty()) {
        const auto taken = writer_.put_many(messages, how_);
        if (taken) {
            absence_.end();
            book_.put(*taken);
            messages = messages.subspan(*taken);  // the next put returns the error
            continue;
        }
        if (!may_go_on(taken.error())) return taken.error();
        // An error of earlier messages says nothing about this message.
        if (taken.error().reason == Reason::earlier_messages) {
            say_failure(book_.note(taken.error()));
        } else if (!waits_for_reader(taken.error())) {
            leave_out(taken.error());
            messages = messages.subspan(1);
        }
    }
    return {};
}

// Waits a moment for an absent reader, if time is left. Then the caller puts the same
// message again.
bool Putter::waits_for_reader(const Error& error) {
    if (error.code != Errc::no_such_slot) return false;
    if (!absence_.may_wait(std::chrono::steady_clock::now())) return false;
    if (book_.note(error))
        say(std::string(writer_.address()) +
            ": the reader is gone; the stream waits for the next reader");
    Absence::wait();
    return true;
}

void Putter::leave_out(const Error& error) {
    const auto news = book_.leave_out(error);
    say_failure(news, "message " + std::to_string(book_.messages()) + ": ");
}

void Putter::say_failure(const std::optional<Error>& error, const std::string& which) const {
    if (!error) return;
    Error named = *error;
    if (named.detail.empty()) named.detail = writer_.address();
    say(which + to_string(named) + "; the stream goes on");
}

Result<void> Putter::finish() {
    auto sent = writer_.flush();
    if (!sent && may_go_on(sent.error())) {
        say_failure(book_.note(sent.error()));
        sent = {};
    }
    writer_.close();
    return sent;
}

// Bounds the memory for a message being read. Below the network's limit, no check is needed: the
// slot refuses messages that are too large.
Result<void> Putter::check_size(std::size_t bytes) {
    if (bytes <= kMaxNetworkMessageBytes) return {};
    if (!only_slot_) {
        return Error{
            Errc::message_too_big, "send", 0,
            "the network takes at most " + std::to_string(kMaxNetworkMessageBytes) + " bytes"};
    }
    // For an absent reader, and for a network address of this machine, where the slot counts
    // refused messages.
    std::size_t limit = SlotOptions{}.max_bytes;
    if (const auto info = mailslot::info(*only_slot_)) {
        const std::size_t most =
            info->max_message_bytes != 0 ? info->max_message_bytes : info->max_bytes;
        limit = is_elsewhere_ ? std::max(limit, most) : most;
    }
    if (bytes <= limit) return {};
    return Error{Errc::message_too_big, "put", 0,
                 "the slot takes at most " + std::to_string(limit) + " bytes"};
}

Result<void> Putter::put_lines() {
    LineSplitter splitter(kBlockBytes);
    while (true) {
        const auto count = os::read_input(splitter.room().first(kBlockBytes));
        if (!count) return count.error();
        if (*count == 0) break;
        if (auto put = put_all(splitter.added(*count)); !put) return put;
        if (auto fits = check_size(splitter.rest().size()); !fits) {
            if (!may_go_on(fits.error())) return fits;
            leave_out(fits.error());
            splitter.skip_line();
        }
    }
    if (splitter.rest().empty()) return {};
    const std::string_view last = splitter.rest();
    return put_all({&last, 1});
}

Result<void> Putter::put_whole() {
    std::vector<char> all;
    std::size_t used = 0;
    while (true) {
        if (all.size() < used + kBlockBytes) all.resize(std::max(used + kBlockBytes, 2 * used));
        const auto count = os::read_input(std::span(all).subspan(used));
        if (!count) return count.error();
        if (*count == 0) {
            const std::string_view message(all.data(), used);
            return put_all({&message, 1});
        }
        used += *count;
        if (auto fits = check_size(used); !fits) return fits;
    }
}

Timeout choose_wait(const PutOptions& options) {
    if (options.no_wait) return Timeout{0};
    const bool streams = options.messages.empty();
    return options.wait.value_or(streams ? kForever : Timeout{0});
}

// Names the failed message, if there are several.
std::string which(const PutOptions& options, std::uint64_t done) {
    if (options.whole || options.messages.size() == 1) return {};
    return "message " + std::to_string(done + 1) +
           " was not put (put before: " + std::to_string(done) + "): ";
}

std::string_view limit_text(PathInfo::Limit limit) {
    switch (limit) {
        case PathInfo::Limit::none:
            return "not limited";
        case PathInfo::Limit::path:
            return "limited by the path";
        case PathInfo::Limit::reader:
            return "limited by the reader";
        case PathInfo::Limit::setting:
            return "limited by send_rate";
        case PathInfo::Limit::unheard:
            return "limited by send_rate_unheard: no reports came";
        case PathInfo::Limit::floor:
            return "limited by group_floor: a reader is slower, and loses messages";
    }
    return "";
}

// Returns the rate at the end of a stream, the round trip, and what limited the stream.
std::string path_text(const PathInfo& path) {
    constexpr double kMiB = 1024 * 1024;
    std::ostringstream text;
    text << std::fixed << std::setprecision(1) << path.rate / kMiB << " MiB/s, ";
    if (path.limit != PathInfo::Limit::unheard) {
        text << "round trip " << static_cast<double>(path.round_trip.count()) / 1000 << " ms, ";
    }
    text << limit_text(path.limit);
    if (!path.slowest.empty()) text << " (slowest: " << path.slowest << ')';
    return text.str();
}

// Prints a line for each way that messages took out of this machine, and for each path that a
// stream took.
void tell_ways(std::span<const WayInfo> ways) {
    for (const WayInfo& way : ways) {
        if (way.path) say(way.name + ": " + path_text(*way.path));
        const std::uint64_t all = way.sent + way.dropped;
        const std::string datagrams = all == 1 ? " datagram" : " datagrams";
        if (way.dropped == 0) {
            say(way.name + ": " + std::to_string(all) + datagrams + " sent");
            continue;
        }
        std::string why;
        if (way.error && !way.error->detail.empty()) why = way.error->detail;
        if (way.error && why.empty()) {
            why = std::generic_category().message(way.error->os_code);
        }
        say(way.name + ": " + std::to_string(way.dropped) + " of " + std::to_string(all) +
            datagrams + " dropped: " + why);
    }
}

// Sends messages that were held back or waited for an address, which may fail.
int finish(Putter& putter, const PutOptions& options) {
    const auto sent = putter.finish();
    const auto process = Process::current();
    const Departures departures = process ? (*process)->departures().sum() : Departures{};
    if (options.verbose) tell_ways(departures.ways);
    if (!sent) return fail_for(options.address, sent.error());
    const std::string failures = putter.failures(departures.messages_lost);
    if (failures.empty()) return kDone;
    say(options.address + ": " + failures);
    return kFailed;
}

bool is_elsewhere(const std::string& address) {
    const auto parsed = parse_address(address);
    return parsed && parsed->place != Place::here;
}

// Returns the slot of this machine that gets all messages, if there is such a slot. Then its limit
// holds, not the network's.
std::optional<std::string> only_slot(const std::string& address) {
    auto parsed = parse_address(address);
    const auto process = Process::current();
    if (!parsed || !process || reach_of(*parsed, (*process)->settings()).others) return {};
    parsed->place = Place::here;
    parsed->place_text = ".";
    return to_string(*parsed);
}

int run(const PutOptions& options) {
    auto writer = Writer::open(options.address, {.wait_when_full = choose_wait(options)});
    if (!writer) return fail_for(options.address, writer.error());
    std::vector<Label> labels;
    for (const std::string& label : options.labels) {
        const std::size_t equals = label.find('=');  // found: the arguments were checked
        labels.push_back({std::string_view(label).substr(0, equals),
                          std::string_view(label).substr(equals + 1)});
    }
    const bool is_stream = options.messages.empty() && !options.whole;
    Putter putter(std::move(*writer),
                  {.format = options.bytes ? Format::bytes : Format::text, .labels = labels},
                  {.goes_on = is_stream && !options.stop_on_error,
                   .is_elsewhere = is_elsewhere(options.address),
                   .only_slot = only_slot(options.address),
                   .patience = choose_wait(options)});
    const std::vector<std::string_view> messages(options.messages.begin(), options.messages.end());
    const Result<void> put = options.whole      ? putter.put_whole()
                             : messages.empty() ? putter.put_lines()
                                                : putter.put_all(messages);
    if (!put) return fail_for(options.address, put.error(), which(options, putter.done()));
    return finish(putter, options);
}

Argument label_option(std::vector<std::string>& labels) {
    Argument option = texts("--label", "NAME=VALUE",
                            "A label for each message, such as level=30; may be repeated", labels);
    option.set = [&labels](const std::vector<std::string>& values) -> std::string {
        for (const std::string& value : values) {
            if (value.find('=') == value.npos) return "'=' is missing";
        }
        labels = values;
        return {};
    };
    return option;
}

Use prepare() {
    auto options = std::make_shared<PutOptions>();
    Arguments arguments{
        text(
            "ADDRESS", "",
            R"(NAME, or \\PLACE\mailslot\NAME with a host, an IP address, a domain, . or * as PLACE)",
            options->address)
            .required()
            .offering(Offer::addresses),
        texts("MESSAGE", "",
              "One message each; without MESSAGE, each line of standard input is a message",
              options->messages),
        flag("--whole", "All of standard input is one message", options->whole).without("MESSAGE"),
        flag("--bytes", "Mark messages as bytes, not as UTF-8 text", options->bytes),
        number("--wait", "MS",
               "Wait at most MS for room in a full slot of this machine, or for a slow network", 0,
               [options](std::int64_t ms) { options->wait = Timeout(ms); }),
        flag("--no-wait", "With standard input: do not wait for room, or for a reader that is away",
             options->no_wait)
            .without("--wait"),
        flag("--stop-on-error", "With standard input: end at the first message that fails",
             options->stop_on_error),
        flag("-v,--verbose", "Report at the end how many datagrams left this machine by which way",
             options->verbose),
        label_option(options->labels),
    };
    return {std::move(arguments), [options] { return run(*options); }};
}

}  // namespace

extern const Command put_command;
const Command put_command{
    10, "put", "Put messages into a slot", prepare,
    R"(Fails if a slot of this machine is full. With messages from standard input it waits instead:
for room in the slot, and for a network that is slower than the messages come. It leaves out a
line that cannot leave this machine, goes on, and ends with status 1.

Examples:
  mailslot put LISTENER "hello" "and again"       two messages to a slot of this machine
  mailslot put '\\*\mailslot\LISTENER' hello      to every machine that listens
  mailslot put //FILESRV/mailslot/LOG -- -v       a message that begins with -
  tail -F app.log | mailslot put '//*/mailslot/LOG'
  mailslot put --whole --bytes IMAGES < photo.jpg)"};

}  // namespace mailslot::cli
