#include "history/stored_output.h"

#include <algorithm>
#include <array>
#include <chrono>
#include <limits>

#include "base/visible_text.h"
#include "mailslot/exit_status.h"
#include "mailslot/json_line.h"
#include "mailslot/report.h"
#include "mailslot/shown_message.h"
#include "wire/labels.h"
#include "wire/winsys_record.h"

namespace mailslot::cli {
namespace {

using store::StoredMessage;

std::chrono::system_clock::time_point time_at(std::int64_t unix_us) {
    // A damaged or hostile file may have any number; the system's clock counts nanoseconds.
    constexpr std::int64_t kMost = std::numeric_limits<std::int64_t>::max() / 1000;
    return std::chrono::system_clock::time_point(
        std::chrono::microseconds(std::clamp(unix_us, -kMost, kMost)));
}

ShownMessage shown(const StoredMessage& message) {
    const Bytes bytes = as_bytes(message.text);
    ShownMessage out{.slot = message.slot,
                     .from_host = message.host,
                     .from_address = message.address,
                     .data = message.text,
                     .origin = message.origin,
                     .sequence = message.sequence,
                     .lost_before = message.lost_before,
                     .sent_at = time_at(message.sent_us),
                     .format = message.format,
                     .trust = message.trust};
    if (message.format == Format::value)
        out.literal = value_to_text(bytes, kMaxLiteralBytes).value_or("");
    if (!message.labels.empty()) {
        wire::for_each_label(message.labels,
                             [&out](const Label& label) { out.labels.push_back(label); });
    }
    auto record = wire::winsys_record(bytes, message.format);
    if (record && !record->is_end) out.record = std::move(record->text);
    return out;
}

// The five names of Python's logging, or the number.
std::string level_name(std::uint16_t level) {
    constexpr std::array<std::string_view, 6> kNames{"",        "DEBUG", "INFO",
                                                     "WARNING", "ERROR", "CRITICAL"};
    if (level % 10 == 0 && level >= 10 && level <= 50) return std::string(kNames[level / 10]);
    return std::to_string(level);
}

void append_lines(std::string& out, std::string_view text) {
    while (true) {
        const std::size_t end = text.find('\n');
        append_visible(out, text.substr(0, end));
        out += '\n';
        if (end == text.npos) return;
        out += "    ";
        text.remove_prefix(end + 1);
    }
}

// Replaces the end of an object that was appended.
void reopen(std::string& out) { out.resize(out.size() - std::string_view("}\n").size()); }

}  // namespace

void append_stored_json(std::string& out, const StoredMessage& message) {
    append_json_line(out, shown(message));
    reopen(out);
    out += ",\"kept_at\":\"";
    append_utc(out, time_at(message.kept_us));
    out += "\",\"position\":\"";
    out += to_string(message.position);
    out += "\"}\n";
}

void append_stored_line(std::string& out, const StoredMessage& message,
                        const store::TimeBase& zone) {
    append_local_time(out, message.kept_us, zone);
    out += ' ';
    append_cell(out, message.host);
    out += ' ';
    append_cell(out, message.slot);
    out += ' ';
    if (message.level) (out += level_name(*message.level)) += ' ';
    const ShownMessage parts = shown(message);
    append_lines(out, !parts.literal.empty() ? std::string_view(parts.literal)
                      : parts.record         ? std::string_view(*parts.record)
                                             : message.text);
}

void append_event_json(std::string& out, const store::StoredEvent& event) {
    {
        JsonObject object(out);
        object.add("event", event.kind);
        std::string& at = object.value("at");
        at += '"';
        append_utc(at, time_at(event.at_us));
        at += '"';
        object.add("count", event.count).add("detail", event.detail);
        object.add("position", to_string(event.position));
    }
    out += '\n';
}

int fail_store(std::string_view path, const Error& error) {
    if (error.code == Errc::slot_exists) {
        say(error.detail + "; record into another file, or end that keeper");
        return kFailed;
    }
    if (error.code != Errc::bad_packet) return fail(error, std::string(path) + ": ");
    say(std::string(path) + ": not a readable store: " + error.detail +
        (error.detail.empty() ? error.step : ""));
    return kFailed;
}

std::string grouped(std::uint64_t number) {
    std::string digits = std::to_string(number);
    for (std::size_t at = digits.size(); at > 3;) digits.insert(at -= 3, 1, ',');
    return digits;
}

}  // namespace mailslot::cli
