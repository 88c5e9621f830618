#include "mailslot/found.h"

#include <algorithm>
#include <array>
#include <string>
#include <vector>

#include "base/visible_text.h"
#include "mailslot/exit_status.h"
#include "mailslot/json_line.h"
#include "mailslot/report.h"

namespace mailslot::cli {
namespace {

constexpr std::size_t kColumns = 3;
using Cells = std::array<std::string, kColumns>;

std::string cell(std::string_view text) {
    std::string out;
    append_table_cell(out, text);
    return out;
}

}  // namespace

void append_found_json(std::string& out, const Found& found) {
    for (const Machine& machine : found.machines) {
        for (const std::string& slot : machine.slots) {
            JsonObject(out)
                .add("host", std::string_view(machine.host))
                .add("address", std::string_view(machine.address))
                .add("slot", std::string_view(slot));
            out += '\n';
        }
    }
}

void append_found_table(std::string& out, const Found& found) {
    std::vector<Cells> rows{{"HOST", "ADDRESS", "SLOT"}};
    for (const Machine& machine : found.machines) {
        const std::string address = machine.address.empty() ? "here" : machine.address;
        for (const std::string& slot : machine.slots) {
            rows.push_back({cell(machine.host), cell(address), cell(slot)});
        }
    }
    std::array<std::size_t, kColumns> widths{};
    for (const Cells& row : rows) {
        for (std::size_t i = 0; i < kColumns; ++i) widths[i] = std::max(widths[i], row[i].size());
    }
    for (const Cells& row : rows) {
        for (std::size_t i = 0; i + 1 < kColumns; ++i) {
            out += row[i];
            out.append(widths[i] - row[i].size() + 2, ' ');
        }
        out += row[kColumns - 1] + '\n';
    }
}

int report_found(const Found& found) {
    for (const Machine& machine : found.machines) {
        if (machine.slots.size() >= machine.total) continue;
        say(cell_of(machine.host) + " listed " + std::to_string(machine.slots.size()) + " of " +
            std::to_string(machine.total) + " slots in time: use a longer --timeout");
    }
    if (!found.network_error) return kDone;
    return fail(*found.network_error, "no other machine could be asked: ");
}

}  // namespace mailslot::cli
