// mailslot doctor: why no message arrives, and how to fix it.
#include <algorithm>
#include <cstdio>
#include <memory>
#include <string>
#include <string_view>

#include "base/visible_text.h"
#include "config/settings_file.h"
#include "mailslot/command.h"
#include "mailslot/doctor/finding.h"
#include "mailslot/exit_status.h"
#include "mailslot/json_line.h"
#include "mailslot/output.h"
#include "mailslot/path_text.h"
#include "os/standard_streams.h"
#include "os/system_random.h"

namespace mailslot::cli {
namespace {

struct DoctorOptions {
    std::string address;  // destination of messages; empty: none
    std::string peer;     // a host; empty: none
    bool json = false;
    Timeout timeout{500};  // for answers of other machines
};

using doctor::Finding;
using doctor::Findings;
using doctor::Patient;
using doctor::Status;

std::string_view word_of(Status status) {
    switch (status) {
        case Status::ok:
            return "ok";
        case Status::warning:
            return "warning";
        case Status::failed:
            return "failed";
        case Status::skipped:
            return "skipped";
    }
    return "";
}

std::string_view colour_of(Status status) {
    if (status == Status::failed) return "\x1b[31m";
    return status == Status::ok ? "\x1b[32m" : "\x1b[33m";
}

void add_path(JsonObject& object, const PathInfo& path) {
    object.add("bytes_per_second", static_cast<std::uint64_t>(path.rate))
        .add("round_trip_us", static_cast<std::uint64_t>(path.round_trip.count()))
        .add("sent_bytes", path.reported_bytes)
        .add("lost_bytes", path.lost_bytes)
        .add("limit", limit_word(path.limit));
}

void append_json(std::string& out, const Finding& finding) {
    {
        JsonObject object(out);
        object.add("check", std::string_view(finding.check))
            .add("status", word_of(finding.status))
            .add("cause", std::string_view(finding.cause))
            .add("detail", std::string_view(finding.detail))
            .add("fix", std::string_view(finding.fix));
        if (finding.path) add_path(object, *finding.path);
    }
    out += '\n';
}

void append_text(std::string& out, const Finding& finding, std::size_t width, bool colours) {
    const std::string_view word = word_of(finding.status);
    if (colours) out += colour_of(finding.status);
    out += word;
    if (colours) out += "\x1b[0m";
    out.append(9 - word.size(), ' ');
    append_visible(out, finding.check);
    out.append(width - finding.check.size() + 2, ' ');
    if (!finding.cause.empty()) out += finding.cause + ": ";
    append_visible(out, finding.detail);
    out += '\n';
    if (finding.fix.empty()) return;
    out += "         fix: ";
    append_visible(out, finding.fix);
    out += '\n';
}

int print(const Findings& findings, bool json) {
    Output output;
    const bool colours = os::output_is_terminal() && !colours_unwanted();
    std::size_t width = 0;
    for (const Finding& finding : findings) width = std::max(width, finding.check.size());
    bool any_failed = false;
    for (const Finding& finding : findings) {
        any_failed = any_failed || finding.status == Status::failed;
        if (json) {
            append_json(output.text(), finding);
        } else {
            append_text(output.text(), finding, width, colours);
        }
    }
    const int printed = finish(output);
    return printed != kDone ? printed : any_failed ? kFailed : kDone;
}

void check_network(const Patient& patient, Findings& findings) {
    char name[32];
    std::snprintf(name, sizeof name, "DOCTOR-%016llx",
                  static_cast<unsigned long long>(os::SystemRandom().u64()));
    auto reader = Reader::create(name, {.require = Trust::none});
    if (!reader) {
        findings.push_back(
            {"slot", Status::failed, std::string(to_string(reader.error().code)),
             "cannot create a slot in " + patient.settings.dir + ": " + to_string(reader.error()),
             "ls -ld " + patient.settings.dir});
        return;
    }
    if (patient.settings.udp) {
        Findings of_port;
        doctor::check_port(patient, *reader, of_port);
        const bool has_port = std::ranges::count(of_port, Status::failed, &Finding::status) == 0;
        findings.insert(findings.end(), of_port.begin(), of_port.end());
        doctor::check_probes(patient, *reader, has_port, findings);
    }
    doctor::check_classic(patient, *reader, findings);
}

int run(const DoctorOptions& options) {
    Findings findings;
    auto settings = load_settings();
    const Reason reason = settings ? Reason::none : settings.error().reason;
    if (reason == Reason::bad_key || reason == Reason::open_key) {
        findings.push_back(doctor::bad_key(settings.error()));
        return print(findings, options.json);
    }
    if (!settings) {
        findings.push_back({"configuration", Status::failed, "bad_config", settings.error().detail,
                            "correct that line as described in docs/configuration.md"});
        return print(findings, options.json);
    }
    Patient patient{*settings, os::list_interfaces().value_or(std::vector<os::Interface>()),
                    os::filter_rules()};
    doctor::check_configuration(patient, findings);
    doctor::check_clock(findings);
    doctor::check_keys(patient, findings);
    doctor::check_interfaces(patient, findings);
    doctor::check_identity(patient, findings);
    check_network(patient, findings);
    doctor::check_buffers(patient, findings);
    if (!options.peer.empty()) {
        doctor::check_peer(patient, options.peer, options.timeout, findings);
    }
    if (!options.address.empty()) {
        doctor::check_address(patient, options.address, options.timeout, findings);
    }
    return print(findings, options.json);
}

Use prepare() {
    auto options = std::make_shared<DoctorOptions>();
    Arguments arguments{
        text("ADDRESS", "", "Check also for a reader there: NAME, or an address as for put",
             options->address)
            .offering(Offer::addresses),
        text("--peer", "HOST",
             "Check also whether HOST and this machine hear each other, and measure the path: at "
             "most 32 MiB, for at most half a second",
             options->peer),
        milliseconds("--timeout", "Wait at most MS for other machines (default 500)",
                     options->timeout),
        flag("--json", "One JSON object a check", options->json),
    };
    return {std::move(arguments), [options] { return run(*options); }};
}

}  // namespace

extern const Command doctor_command;
const Command doctor_command{
    100, "doctor", "Explain why nothing arrives, and how to fix it", prepare,
    R"(Prints one line per check, for a fault with its cause and, after 'fix:', the command or setting that
fixes it. Exit status 1 if a check failed. As root it sees more: firewall rules, other users' programs.

Examples:
  mailslot doctor
  mailslot doctor --peer FILESRV
  mailslot doctor //SALES/mailslot/LISTENER --json | jq 'select(.status == "failed")')"};

}  // namespace mailslot::cli
