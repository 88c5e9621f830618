#include "mailslot/watch_view.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <cstdio>

#include "base/saturating.h"
#include "base/visible_text.h"
#include "mailslot/json_line.h"
#include "mailslot/slot_json.h"
#include "mailslot/table.h"

namespace mailslot::cli {
namespace {

constexpr std::string_view kInverse = "\x1b[7m", kRed = "\x1b[31m", kPlain = "\x1b[0m";

std::string cell(std::string_view text) {
    std::string out;
    append_table_cell(out, text);
    return out;
}

// Returns the first `columns` characters.
std::string_view cut(std::string_view line, std::size_t columns) {
    std::size_t at = 0;
    for (; at < line.size(); ++at) {
        const bool begins = (static_cast<unsigned char>(line[at]) & 0xC0) != 0x80;
        if (begins && columns-- == 0) break;
    }
    return line.substr(0, at);
}

std::string clock_text(std::chrono::system_clock::time_point time) {
    std::string utc;
    append_utc(utc, time);
    return utc.substr(0, 19) + "Z";
}

struct Line {
    std::string text;
    std::string_view style{};
};

// A row of a table: cells, the text after them, and whether to print it in red.
struct TableRow {
    Cells cells;
    std::string rest{};
    bool alarmed = false;
};

// Appends a table. The first row is the heading.
void add_table(std::vector<Line>& lines, std::vector<TableRow> rows, std::size_t left) {
    std::vector<Cells> cells;
    for (TableRow& row : rows) cells.push_back(std::move(row.cells));
    std::string text;
    append_rows(text, cells, left);
    std::size_t begin = 0;
    for (const TableRow& row : rows) {
        const std::size_t end = text.find('\n', begin);
        const std::string_view style = begin == 0 ? kInverse : row.alarmed ? kRed : "";
        lines.push_back({text.substr(begin, end - begin) + row.rest, style});
        begin = end + 1;
    }
}

Cells cells_of(const SlotRow& row) {
    return {cell(row.slot.name),
            rate_text(row.messages_per_second),
            rate_text(row.bytes_per_second),
            std::to_string(row.slot.messages),
            std::to_string(row.slot.received),
            std::to_string(row.slot.lost.total())};
}

// Returns the machine's counters that need attention.
std::string machine_text(const std::vector<wire::NamedCounter>& machine) {
    if (machine.empty()) return "no post office: nothing comes from other machines";
    std::string text = "post office:";
    const std::array wanted{"no_such_slot",    "bad",
                            "bad_fragments",   "rx_bad_packet",
                            "rx_sealed",       "rx_not_trusted",
                            "rx_wrong_time",   "not_for_us",
                            "rx_kernel_drops", "senders_forgotten",
                            "too_old",         "half_arrived",
                            "deaf_interfaces", "identity_conflicts",
                            "origin_conflicts"};
    for (const wire::NamedCounter& counter : machine) {
        const bool shown = counter.name == "rx_datagrams" ||
                           (counter.value > 0 && std::ranges::count(wanted, counter.name) > 0);
        if (shown) text += ' ' + counter.name + ' ' + std::to_string(counter.value) + ',';
    }
    text.pop_back();
    return text;
}

std::string title(const Picture& picture, const std::string& host) {
    double rate = 0;
    std::uint64_t lost = 0;
    for (const SlotRow& row : picture.slots) {
        rate += row.messages_per_second;
        count_up(lost, row.slot.lost.total());
    }
    return "mailslot on " + cell(host) + "  " + clock_text(picture.time) + "  " +
           std::to_string(picture.slots.size()) + " slots, " + rate_text(rate) + " messages/s, " +
           std::to_string(lost) + " lost";
}

// Returns the busiest slots. Slots with the least traffic are left out if not all fit.
std::vector<SlotRow> busiest(std::vector<SlotRow> slots, std::size_t most) {
    if (slots.size() <= most) return slots;
    std::ranges::stable_sort(slots, [](const SlotRow& a, const SlotRow& b) {
        return std::pair(a.lost_now, a.messages_per_second) >
               std::pair(b.lost_now, b.messages_per_second);
    });
    slots.resize(most);
    std::ranges::sort(slots, {}, [](const SlotRow& row) { return row.slot.name; });
    return slots;
}

void add_slots(std::vector<Line>& lines, const Picture& picture, const Screen& screen,
               std::size_t most) {
    std::vector<TableRow> rows{
        {{"SLOT", "MSG/S", "BYTES/S", "WAITING", "RECEIVED", "LOST"}, "  RATE"}};
    for (const SlotRow& row : busiest(picture.slots, most)) {
        const std::string blanks(kHistory - row.history.size(), ' ');
        rows.push_back(
            {cells_of(row),
             "  " + blanks + bars(row.history, screen.utf8) + "  " + causes_text(row.slot.lost),
             row.lost_now > 0});
    }
    add_table(lines, std::move(rows), 1);
    if (picture.slots.size() > most) {
        lines.push_back({"and " + std::to_string(picture.slots.size() - most) + " more slots"});
    }
    if (picture.slots.empty()) lines.push_back({"no slots on this machine"});
}

void add_senders(std::vector<Line>& lines, const Picture& picture, std::size_t most) {
    std::vector<TableRow> rows{
        {{"FROM_HOST", "FROM_ADDRESS", "SLOT", "MSG/S", "RECEIVED", "REPEATS", "LOST"}}};
    const std::size_t shown = std::min(most, picture.senders.size());
    for (std::size_t i = 0; i < shown; ++i) {
        const SenderRow& row = picture.senders[i];
        rows.push_back(
            {{cell(row.sender.from_host), cell(row.sender.from_address), cell(row.slot),
              rate_text(row.messages_per_second), std::to_string(row.sender.received),
              std::to_string(row.sender.repeats), std::to_string(row.sender.lost.total())},
             "  " + causes_text(row.sender.lost),
             row.lost_now > 0});
    }
    add_table(lines, std::move(rows), 3);
    const std::uint64_t more = picture.senders.size() - shown + picture.senders_left_out;
    if (more > 0) lines.push_back({"and " + std::to_string(more) + " more senders"});
}

void add_number(JsonObject& object, std::string_view key, double value) {
    std::array<char, 64> text{};
    std::snprintf(text.data(), text.size(), "%.1f", value);
    object.value(key) += text.data();
}

}  // namespace

std::string rate_text(double per_second) {
    std::array<char, 32> text{};
    if (per_second < 9.95 && per_second != std::floor(per_second)) {
        std::snprintf(text.data(), text.size(), "%.1f", per_second);
    } else if (per_second < 9999.5) {
        std::snprintf(text.data(), text.size(), "%.0f", per_second);
    } else {
        const char* unit = "kMGTP";
        for (per_second /= 1000; per_second >= 999.95 && unit[1] != 0; ++unit) per_second /= 1000;
        std::snprintf(text.data(), text.size(), "%.1f%c", per_second, *unit);
    }
    return text.data();
}

std::string bars(const std::deque<double>& values, bool utf8) {
    constexpr std::array kBlocks{"\u2581", "\u2582", "\u2583", "\u2584",
                                 "\u2585", "\u2586", "\u2587", "\u2588"};
    constexpr std::array kAscii{".", ":", "-", "=", "+", "*", "#", "@"};
    const double largest = values.empty() ? 0 : *std::ranges::max_element(values);
    std::string text;
    for (const double value : values) {
        if (value <= 0) {
            text += ' ';
            continue;
        }
        const auto level = static_cast<std::size_t>(std::ceil(value / largest * 8)) - 1;
        text += (utf8 ? kBlocks : kAscii)[std::min<std::size_t>(level, 7)];
    }
    return text;
}

std::string draw_screen(const Picture& picture, const Screen& screen, const std::string& host) {
    std::vector<Line> lines{{title(picture, host)}, {machine_text(picture.machine)}, {""}};
    // Five lines are headings. Senders get up to a third of the others.
    const std::size_t room = std::max<std::size_t>(screen.rows, 6) - 5;
    const std::size_t senders = picture.senders.size();
    const std::size_t for_senders = senders == 0 ? 0 : std::min(senders + 3, room / 3);
    const std::size_t for_slots = room - for_senders;
    add_slots(lines, picture, screen, std::max<std::size_t>(for_slots, 1));
    if (senders > 0 && lines.size() + 3 < screen.rows) {
        lines.push_back({""});
        add_senders(lines, picture, screen.rows - lines.size() - 2);
    }
    if (lines.size() > screen.rows) lines.resize(screen.rows);
    std::string out = "\x1b[H";
    for (std::size_t i = 0; i < lines.size(); ++i) {
        if (i > 0) out += "\r\n";
        const bool styled = screen.colours && !lines[i].style.empty();
        if (styled) out += lines[i].style;
        out += cut(lines[i].text, screen.columns);
        if (styled) out += kPlain;
        out += "\x1b[K";
    }
    return out + "\x1b[J";
}

std::string plain_rows(const Picture& picture) {
    std::vector<Cells> rows{{"TIME", "SLOT", "MSG/S", "BYTES/S", "WAITING", "RECEIVED", "LOST"}};
    for (const SlotRow& row : picture.slots) {
        Cells cells = cells_of(row);
        cells.insert(cells.begin(), clock_text(picture.time));
        const std::string causes = causes_text(row.slot.lost);
        if (!causes.empty()) cells.back() += " (" + causes + ")";
        rows.push_back(std::move(cells));
    }
    if (picture.slots.empty()) return clock_text(picture.time) + "  no slots on this machine\n";
    std::string out;
    append_rows(out, rows, 2);
    return out;
}

void append_watch_json(std::string& out, const Picture& picture) {
    {
        JsonObject object(out);
        std::string time;
        append_utc(time, picture.time);
        object.add("time", std::string_view(time));
        add_number(object, "seconds", picture.seconds);
        std::string& list = object.value("slots");
        list += '[';
        for (const SlotRow& row : picture.slots) {
            if (list.back() != '[') list += ',';
            JsonObject slot(list);
            add_slot(slot, row.slot);
            add_number(slot, "messages_per_second", row.messages_per_second);
            add_number(slot, "bytes_per_second", row.bytes_per_second);
            slot.add("lost_now", row.lost_now);
        }
        list += ']';
        object.value("by_sender") += '[';
        for (const SenderRow& row : picture.senders) {
            if (out.back() != '[') out += ',';
            JsonObject sender(out);
            sender.add("slot", std::string_view(row.slot));
            add_sender(sender, row.sender);
            add_number(sender, "messages_per_second", row.messages_per_second);
            sender.add("lost_now", row.lost_now);
        }
        out += ']';
        object.add("senders_left_out", picture.senders_left_out);
        JsonObject machine(object.value("machine"));
        for (const wire::NamedCounter& counter : picture.machine) {
            machine.add(counter.name, counter.value);
        }
    }
    out += '\n';
}

}  // namespace mailslot::cli
