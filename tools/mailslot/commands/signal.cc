// mailslot signal: an empty message to waiting processes. To other machines the signal is fire and
// forget, but the command asks at the same time which machines wait, so that it can report whether
// any did.
#include <algorithm>
#include <chrono>
#include <memory>
#include <string>
#include <thread>

#include "api/search.h"
#include "base/visible_text.h"
#include "mailslot/command.h"
#include "mailslot/exit_status.h"
#include "mailslot/report.h"
#include "model/address.h"

namespace mailslot::cli {
namespace {

struct SignalOptions {
    std::string address;
    std::optional<Timeout> timeout{};  // for a waiting process, or for answers
    bool until_heard = false;          // send when a process waits
    bool check = true;                 // ask which hosts wait
    bool verbose = false;
};

using std::chrono::milliseconds;
using std::chrono::steady_clock;

// Answers to a query come within 100 ms; a lost query is repeated after 200.
constexpr Timeout kLookAround{400};
// Polls, because a name without a process has nothing to wait for.
constexpr milliseconds kLookAgain{50};

Result<void> put(const std::string& address) {
    auto writer = Writer::open(address);
    if (!writer) return writer.error();
    return writer->put("");
}

int tell_in_vain(const SignalOptions& options) {
    say("nobody waited for " + options.address + " within " +
        std::to_string(options.timeout->count()) + " ms; nothing was sent");
    return kNothingInTime;
}

int signal_here(const SignalOptions& options) {
    const bool is_patient = options.until_heard;
    const auto deadline = steady_clock::now() + options.timeout.value_or(Timeout{0});
    for (;;) {
        const auto done = put(options.address);
        if (done) return kDone;
        if (done.error().code != Errc::no_such_slot) {
            return fail_for(options.address, done.error());
        }
        if (!is_patient) {
            say("nobody waits for " + options.address +
                " on this machine, so nothing was sent; --until-heard waits until somebody does, "
                "//*/mailslot/NAME signals all machines");
            return kNoSuchSlot;
        }
        if (options.timeout && steady_clock::now() >= deadline) return tell_in_vain(options);
        std::this_thread::sleep_for(kLookAgain);
    }
}

std::string names_of(const Found& found) {
    std::string names;
    for (const Machine& machine : found.machines) {
        (names += names.empty() ? "" : ", ") += cell_of(machine.host);
    }
    return names;
}

int report(const SignalOptions& options, const Found& found) {
    if (!found.machines.empty()) {
        if (options.verbose) say(options.address + ": " + names_of(found) + " waited");
        return kDone;
    }
    if (found.network_error) {
        return fail(*found.network_error,
                    "nobody waits on this machine, and no other machine can be reached: ");
    }
    say("no machine answered that it waits for " + options.address +
        "; the signal was sent once and is not kept (--until-heard sends when somebody waits)");
    return kDone;
}

int signal_when_heard(const SignalOptions& options, Search& search) {
    if (const auto asked = search.ask(); !asked) return fail(asked.error());
    const auto collected =
        search.collect({.timeout = options.timeout.value_or(kForever), .enough = 1});
    if (!collected) return fail(collected.error());
    const Found found = search.found();
    if (found.machines.empty()) {
        if (found.network_error) return fail(*found.network_error);
        return tell_in_vain(options);
    }
    if (const auto done = put(options.address); !done) {
        return fail_for(options.address, done.error());
    }
    return report(options, found);
}

// The query leaves first, so that it finds the processes that the signal wakes.
int signal_and_look(const SignalOptions& options, Search& search) {
    if (options.check) {
        if (const auto asked = search.ask(); !asked) return fail(asked.error());
    }
    if (const auto done = put(options.address); !done) {
        return fail_for(options.address, done.error());
    }
    if (!options.check) return kDone;
    const std::size_t enough = options.verbose ? 0 : 1;
    const auto collected =
        search.collect({.timeout = options.timeout.value_or(kLookAround), .enough = enough});
    if (!collected) return fail(collected.error());
    return report(options, search.found());
}

int run(const SignalOptions& options) {
    const auto address = parse_address(options.address);
    if (!address) return fail_for(options.address, address.error());
    if (address->place == Place::here) return signal_here(options);
    auto search = Search::create(*address);
    if (!search) return fail(search.error());
    return options.until_heard ? signal_when_heard(options, *search)
                               : signal_and_look(options, *search);
}

Use prepare() {
    auto options = std::make_shared<SignalOptions>();
    Arguments arguments{
        text(
            "ADDRESS", "",
            R"(NAME on this machine, or \\PLACE\mailslot\NAME on a host, in a domain, or with * everywhere)",
            options->address)
            .required()
            .offering(Offer::addresses),
        flag("--until-heard", "Send only when somebody waits", options->until_heard),
        flag("--no-check", "For other machines: send without asking whether anybody waits",
             options->check, false)
            .without("--until-heard"),
        number("--timeout", "MS",
               "With --until-heard: give up after MS, with exit status 3; without: wait at most MS "
               "for answers (default 400)",
               0, [options](std::int64_t ms) { options->timeout = Timeout(ms); }),
        flag("-v,--verbose", "Report on standard error who waited", options->verbose),
    };
    return {std::move(arguments), [options] { return run(*options); }};
}

}  // namespace

extern const Command signal_command;
const Command signal_command{
    60, "signal", "Wake programs that wait for a name", prepare,
    R"(A signal is sent once and not kept: it wakes only programs that wait at that moment. If none is known
to wait, the command says so. Exit status: 4 for this machine, 0 for others, whose answers may get lost.

Examples:
  mailslot signal '//*/mailslot/READY'
  mailslot signal //FILESRV/mailslot/READY --until-heard --timeout 60000)"};

}  // namespace mailslot::cli
