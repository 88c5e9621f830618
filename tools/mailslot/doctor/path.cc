// The path to the other machine: a short stream to a slot that nobody has, and what the reports
// about the stream say.
#include <algorithm>
#include <array>
#include <chrono>
#include <cstdio>
#include <optional>
#include <string>
#include <string_view>

#include "api/process.h"
#include "mailslot/doctor/finding.h"
#include "mailslot/path_text.h"
#include "os/system_random.h"

namespace mailslot::cli::doctor {
namespace {

using namespace std::chrono_literals;

// The test must not disturb the path for long.
constexpr auto kTestTime = 500ms;
constexpr std::uint64_t kTestBytes = 32 * 1024 * 1024;
// A message fits into a datagram, and the messages of a put into a piece.
constexpr std::size_t kMessageBytes = 1000, kMessagesAtOnce = 50;
constexpr double kLossOfSoundPaths = 0.01;

// Returns the name of a slot that nobody has.
std::string some_slot() {
    char name[32];
    std::snprintf(name, sizeof name, "DOCTOR-%016llx",
                  static_cast<unsigned long long>(os::SystemRandom().u64()));
    return name;
}

// Returns the paths of the streams so far: a stream to a machine has one way.
std::optional<PathInfo> path_of_streams() {
    const auto process = Process::current();
    if (!process) return std::nullopt;
    for (const WayInfo& way : (*process)->departures().sum().ways) {
        if (way.path) return way.path;
    }
    return std::nullopt;
}

struct Sent {
    std::uint64_t bytes = 0;
    std::chrono::duration<double> took{};
};

Result<Sent> send_stream(const std::string& address) {
    auto writer = Writer::open(address, {.wait_when_full = kTestTime});
    if (!writer) return writer.error();
    const std::string text(kMessageBytes, 'x');
    std::array<std::string_view, kMessagesAtOnce> messages;
    messages.fill(text);
    const auto begun = std::chrono::steady_clock::now();
    Sent sent;
    while (sent.bytes < kTestBytes && std::chrono::steady_clock::now() - begun < kTestTime) {
        const auto put = writer->put_many(messages, {.format = Format::bytes});
        if (!put && put.error().code != Errc::timed_out) return put.error();
        if (put) sent.bytes += *put * kMessageBytes;
    }
    sent.took = std::chrono::steady_clock::now() - begun;
    writer->close();
    return sent;
}

std::string share_text(double share) {
    char text[32];
    std::snprintf(text, sizeof text, "%.1f %%", 100 * share);
    return text;
}

}  // namespace

void check_path(const std::string& host, const std::string& address, Findings& findings) {
    Finding finding{"path to " + host};
    const auto sent = send_stream("\\\\" + address + "\\mailslot\\" + some_slot());
    if (!sent) {
        findings.push_back({finding.check, Status::failed,
                            std::string(to_string(sent.error().code)), to_string(sent.error()),
                            ""});
        return;
    }
    const double rate = static_cast<double>(sent->bytes) / sent->took.count();
    finding.path = path_of_streams();
    if (!finding.path) {
        finding.detail = speed_text(rate) + ", limited by the link of this machine";
        findings.push_back(finding);
        return;
    }
    PathInfo& path = *finding.path;
    const bool is_unheard = path.limit == PathInfo::Limit::unheard;
    const bool is_bound = is_unheard || path.limit == PathInfo::Limit::path;
    if (!is_bound) path.rate = std::min(path.rate, rate);  // what left is known to fit
    finding.detail = path_text(path);
    const double share = path.reported_bytes > 0 ? static_cast<double>(path.lost_bytes) /
                                                       static_cast<double>(path.reported_bytes)
                                                 : 0;
    if (is_unheard) {
        finding.status = Status::warning;
        finding.cause = "no_reports";
        finding.fix = "mailslot --version    # on both; install the same version";
    } else {
        finding.detail += ", " + share_text(share) + " lost";
    }
    if (!is_unheard && share > kLossOfSoundPaths) {
        finding.status = Status::warning;
        finding.cause = "lossy_path";
        finding.fix = "ip -s link    # on both: errors and drops of the interfaces";
    }
    findings.push_back(finding);
}

}  // namespace mailslot::cli::doctor
