// Times as people write them: "-2h", "12:00", "2026-12-01T08:30". Pure, but for the time zone.
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace mailslot::store {

// A time by a clock on the wall.
struct WallTime {
    int year = 1970, month = 1, day = 1, hour = 0, minute = 0, second = 0;
};

// The present, and the time zone. Functions so that a test can have another zone.
struct TimeBase {
    std::int64_t now_us = 0;                                   // Unix microseconds
    std::int64_t (*to_unix)(const WallTime& local) = nullptr;  // seconds
    WallTime (*to_local)(std::int64_t unix_seconds) = nullptr;
};

TimeBase system_time_base(std::int64_t now_us);  // the zone of this machine or of TZ

// Which moment a time of day means: the last that is not after now, or the next.
enum class TimeOfDay : std::uint8_t { past, coming };

// Returns Unix microseconds, or nullopt if the text is no time.
std::optional<std::int64_t> parse_time(std::string_view text, const TimeBase& base,
                                       TimeOfDay of_day = TimeOfDay::past);

// Parses "90s", "5m", "2h" or "3d".
std::optional<std::chrono::microseconds> parse_duration(std::string_view text);

// Appends "2026-12-01 08:30:15.123" in local time.
void append_local_time(std::string& out, std::int64_t unix_us, const TimeBase& base);

}  // namespace mailslot::store
