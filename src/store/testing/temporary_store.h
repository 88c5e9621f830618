// Files for tests of stores, and messages to put there.
#pragma once

#include <ctime>
#include <filesystem>
#include <optional>
#include <random>
#include <string>
#include <vector>

#include "base/testing/fake_clock.h"
#include "store/search.h"
#include "store/store_writer.h"

namespace mailslot::store {

// A folder that goes with the object.
class TemporaryFolder {
public:
    TemporaryFolder()
        : path_(std::filesystem::temp_directory_path() /
                ("mailslot-store-" + std::to_string(std::random_device{}()))) {
        std::filesystem::create_directory(path_);
    }
    ~TemporaryFolder() {
        std::error_code ignored;
        std::filesystem::remove_all(path_, ignored);
    }
    TemporaryFolder(const TemporaryFolder&) = delete;
    TemporaryFolder& operator=(const TemporaryFolder&) = delete;

    std::string file(const std::string& name = "test.store") const { return path_ / name; }

private:
    std::filesystem::path path_;
};

// A message that owns its texts.
struct OwnedMessage {
    std::string slot = "LOG", host = "alpha", address = "10.0.0.1", text = "hello";
    std::string labels{};
    std::uint64_t origin = 1, sequence = 1, lost_before = 0;
    Trust trust = Trust::none;
    Format format = Format::text;
    std::int64_t kept_us = 1'700'000'000'000'000, sent_us = 1'700'000'000'000'000;
    std::optional<std::uint16_t> level{};
    Position position{};
    bool operator==(const OwnedMessage&) const = default;

    StoredMessage view() const {
        return {.slot = slot,
                .host = host,
                .address = address,
                .origin = origin,
                .sequence = sequence,
                .lost_before = lost_before,
                .trust = trust,
                .format = format,
                .kept_us = kept_us,
                .sent_us = sent_us,
                .level = level,
                .labels = labels,
                .text = text};
    }
};

inline OwnedMessage owned(const StoredMessage& message) {
    return {.slot = std::string(message.slot),
            .host = std::string(message.host),
            .address = std::string(message.address),
            .text = std::string(message.text),
            .labels = std::string(message.labels),
            .origin = message.origin,
            .sequence = message.sequence,
            .lost_before = message.lost_before,
            .trust = message.trust,
            .format = message.format,
            .kept_us = message.kept_us,
            .sent_us = message.sent_us,
            .level = message.level,
            .position = message.position};
}

inline std::int64_t utc_of(const WallTime& wall) {
    std::tm parts{};
    parts.tm_year = wall.year - 1900, parts.tm_mon = wall.month - 1, parts.tm_mday = wall.day;
    parts.tm_hour = wall.hour, parts.tm_min = wall.minute, parts.tm_sec = wall.second;
    return timegm(&parts);
}
inline WallTime wall_of(std::int64_t seconds) {
    const std::time_t time = seconds;
    std::tm parts{};
    gmtime_r(&time, &parts);
    return {parts.tm_year + 1900, parts.tm_mon + 1, parts.tm_mday,
            parts.tm_hour,        parts.tm_min,     parts.tm_sec};
}
// A zone like UTC, at 2023-11-14 22:13:20.
inline TimeBase utc_base() { return {1'700'000'000'000'000, utc_of, wall_of}; }

// Returns what a search finds now, in its order.
inline std::vector<OwnedMessage> all_of(Search& search) {
    std::vector<OwnedMessage> found;
    while (search.next_block().value()) {
        for (std::size_t i = 0; i < search.size(); ++i) found.push_back(owned(search[i]));
    }
    return found;
}

inline std::vector<OwnedMessage> found_in(StoreReader& reader, std::string_view query,
                                          Direction direction = Direction::oldest_first) {
    Search search(reader, parse_query(query, utc_base()).value(), direction);
    return all_of(search);
}

}  // namespace mailslot::store
