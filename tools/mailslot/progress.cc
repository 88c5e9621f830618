#include "mailslot/progress.h"

#include <algorithm>
#include <cmath>
#include <iomanip>
#include <sstream>

namespace mailslot::cli {
namespace {

using Seconds = std::chrono::duration<double>;
using std::chrono::milliseconds;

// Most streams end sooner, and need no line.
constexpr milliseconds kFirstLine{500};
constexpr milliseconds kEachLine{100};
constexpr double kMiB = 1024 * 1024;
// A stream that hardly moves ends at no time that can be told.
constexpr double kLongest = 100 * 3600;

std::string one_decimal(double value) {
    std::ostringstream text;
    text << std::fixed << std::setprecision(1) << value;
    return text.str();
}

// Returns a text like "2 s", "3 min 20 s", "1 h 5 min".
std::string time_text(double seconds) {
    const auto whole = static_cast<std::uint64_t>(std::ceil(seconds));
    if (whole < 60) return std::to_string(whole) + " s";
    const std::uint64_t minutes = whole / 60;
    if (minutes < 60) return std::to_string(minutes) + " min " + std::to_string(whole % 60) + " s";
    return std::to_string(minutes / 60) + " h " + std::to_string(minutes % 60) + " min";
}

}  // namespace

Progress::Progress(std::optional<std::uint64_t> total, Instant begun)
    : total_(total), next_line_(begun + kFirstLine) {
    points_[count_++] = {begun, 0};
}

std::optional<std::string> Progress::line(std::uint64_t bytes, std::uint64_t messages,
                                          Instant now) {
    if (now < next_line_) return std::nullopt;
    next_line_ = now + kEachLine;
    const Point from = points_[count_ < kPoints ? 0 : count_ % kPoints];
    points_[count_++ % kPoints] = {now, bytes};
    const double time = Seconds(now - from.at).count();
    const double rate = static_cast<double>(bytes - from.bytes) / std::max(time, 0.001);
    const double done = static_cast<double>(bytes) / kMiB;
    const std::string speed = one_decimal(rate / kMiB) + " MiB/s";
    // A file that grows meanwhile has no known end.
    if (!total_ || bytes > *total_) {
        return one_decimal(done) + " MiB, " + std::to_string(messages) + " messages, " + speed;
    }
    const std::uint64_t share = *total_ == 0 ? 100 : bytes * 100 / *total_;
    std::string text = std::to_string(share) + " %, " + one_decimal(done) + " of " +
                       one_decimal(static_cast<double>(*total_) / kMiB) + " MiB, " + speed;
    const double left = rate > 0 ? static_cast<double>(*total_ - bytes) / rate : kLongest;
    return left < kLongest ? text + ", " + time_text(left) + " left" : text;
}

}  // namespace mailslot::cli
