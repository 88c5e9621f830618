#include "store/time_text.h"

#include <algorithm>
#include <charconv>
#include <cstdio>
#include <ctime>

namespace mailslot::store {
namespace {

constexpr std::int64_t kSecond = 1'000'000;
constexpr std::int64_t kMostUnits = 1'000'000'000;  // of a duration, so that no sum overflows
// Years 1 to 9999: other times of a damaged file are shown as the nearest.
constexpr std::int64_t kEarliest = -62'135'596'800, kLatest = 253'402'300'799;

std::int64_t floor_seconds(std::int64_t us) { return us / kSecond - (us % kSecond < 0 ? 1 : 0); }

std::int64_t days_of(const WallTime& wall) {
    using namespace std::chrono;
    const sys_days day = year(wall.year) / month(static_cast<unsigned>(wall.month)) /
                         std::chrono::day(static_cast<unsigned>(wall.day));
    return day.time_since_epoch().count();
}

std::int64_t utc_seconds(const WallTime& wall) {
    return days_of(wall) * 86400 + wall.hour * 3600 + wall.minute * 60 + wall.second;
}

std::int64_t system_to_unix(const WallTime& local) {
    std::tm parts{};
    parts.tm_year = local.year - 1900;
    parts.tm_mon = local.month - 1;
    parts.tm_mday = local.day;
    parts.tm_hour = local.hour;
    parts.tm_min = local.minute;
    parts.tm_sec = local.second;
    parts.tm_isdst = -1;
    return std::mktime(&parts);
}

WallTime system_to_local(std::int64_t unix_seconds) {
    const std::time_t time = unix_seconds;
    std::tm parts{};
    if (localtime_r(&time, &parts) == nullptr) return {};
    return {parts.tm_year + 1900, parts.tm_mon + 1, parts.tm_mday,
            parts.tm_hour,        parts.tm_min,     parts.tm_sec};
}

// Takes a number of exactly `digits` digits off the front.
bool take_digits(std::string_view& text, std::size_t digits, int& number) {
    if (text.size() < digits) return false;
    const char* const end = text.data() + digits;
    if (*text.data() == '-') return false;
    const auto [stopped, error] = std::from_chars(text.data(), end, number);
    if (error != std::errc() || stopped != end) return false;
    text.remove_prefix(digits);
    return true;
}

bool take(std::string_view& text, char c) {
    if (!text.starts_with(c)) return false;
    text.remove_prefix(1);
    return true;
}

// Takes "12:00" or "12:00:30".
bool take_time_of_day(std::string_view& text, WallTime& wall) {
    if (!take_digits(text, 2, wall.hour) || !take(text, ':') || !take_digits(text, 2, wall.minute))
        return false;
    wall.second = 0;
    if (take(text, ':') && !take_digits(text, 2, wall.second)) return false;
    return wall.hour < 24 && wall.minute < 60 && wall.second < 60;
}

bool take_date(std::string_view& text, WallTime& wall) {
    if (!take_digits(text, 4, wall.year) || !take(text, '-') || !take_digits(text, 2, wall.month) ||
        !take(text, '-') || !take_digits(text, 2, wall.day))
        return false;
    using namespace std::chrono;
    return wall.year >= 1970 && (year(wall.year) / month(static_cast<unsigned>(wall.month)) /
                                 day(static_cast<unsigned>(wall.day)))
                                    .ok();
}

// A day more or less, by the calendar: with a change to summer time, a day has 23 hours.
WallTime moved_by_days(WallTime wall, int days) {
    using namespace std::chrono;
    const year_month_day date(sys_days(std::chrono::days(days_of(wall) + days)));
    wall.year = static_cast<int>(date.year());
    wall.month = static_cast<int>(static_cast<unsigned>(date.month()));
    wall.day = static_cast<int>(static_cast<unsigned>(date.day()));
    return wall;
}

std::int64_t nearest(const WallTime& of_day, const TimeBase& base, TimeOfDay which) {
    WallTime wall = base.to_local(floor_seconds(base.now_us));
    wall.hour = of_day.hour, wall.minute = of_day.minute, wall.second = of_day.second;
    const std::int64_t today = base.to_unix(wall) * kSecond;
    if (which == TimeOfDay::past && today > base.now_us)
        return base.to_unix(moved_by_days(wall, -1)) * kSecond;
    if (which == TimeOfDay::coming && today <= base.now_us)
        return base.to_unix(moved_by_days(wall, 1)) * kSecond;
    return today;
}

}  // namespace

TimeBase system_time_base(std::int64_t now_us) { return {now_us, system_to_unix, system_to_local}; }

std::optional<std::chrono::microseconds> parse_duration(std::string_view text) {
    if (text.size() < 2 || text.front() == '-') return std::nullopt;
    std::int64_t number = 0;
    const char* const end = text.data() + text.size() - 1;
    const auto [stopped, error] = std::from_chars(text.data(), end, number);
    if (error != std::errc() || stopped != end || number > kMostUnits) return std::nullopt;
    switch (text.back()) {
        case 's':
            return std::chrono::seconds(number);
        case 'm':
            return std::chrono::minutes(number);
        case 'h':
            return std::chrono::seconds(number * 3600);
        case 'd':
            return number > kMostUnits / 1000 ? std::nullopt
                                              : std::optional<std::chrono::microseconds>(
                                                    std::chrono::seconds(number * 86400));
        default:
            return std::nullopt;
    }
}

std::optional<std::int64_t> parse_time(std::string_view text, const TimeBase& base,
                                       TimeOfDay of_day) {
    if (text.starts_with('-')) {
        const auto ago = parse_duration(text.substr(1));
        if (!ago) return std::nullopt;
        return base.now_us - ago->count();
    }
    WallTime wall;
    if (std::string_view rest = text; take_time_of_day(rest, wall)) {
        if (!rest.empty()) return std::nullopt;
        return nearest(wall, base, of_day);
    }
    wall = {};
    if (!take_date(text, wall)) return std::nullopt;
    if (take(text, 'T') && !take_time_of_day(text, wall)) return std::nullopt;
    const bool is_utc = take(text, 'Z');
    if (!text.empty()) return std::nullopt;
    return (is_utc ? utc_seconds(wall) : base.to_unix(wall)) * kSecond;
}

void append_local_time(std::string& out, std::int64_t unix_us, const TimeBase& base) {
    const std::int64_t seconds = std::clamp(floor_seconds(unix_us), kEarliest, kLatest);
    const auto ms = static_cast<int>((unix_us % kSecond + kSecond) % kSecond / 1000);
    const WallTime wall = base.to_local(seconds);
    char text[80];
    const int size =
        std::snprintf(text, sizeof text, "%04d-%02d-%02d %02d:%02d:%02d.%03d", wall.year,
                      wall.month, wall.day, wall.hour, wall.minute, wall.second, ms);
    out.append(text, static_cast<std::size_t>(std::max(size, 0)));
}

}  // namespace mailslot::store
