// mailslot who, mailslot list --network: slots of other machines.
#include "mailslot/found.h"

#include <algorithm>
#include <array>
#include <string>
#include <vector>

#include "base/visible_text.h"
#include "mailslot/exit_status.h"
#include "mailslot/json_line.h"
#include "mailslot/output.h"
#include "mailslot/report.h"

namespace mailslot::cli {
namespace {

constexpr std::size_t kColumns = 3;
using Cells = std::array<std::string, kColumns>;

std::string visible(std::string_view text) {
    std::string out;
    append_visible(out, text);
    return out;
}

std::string cell(std::string_view text) {
    std::string out;
    append_table_cell(out, text);
    return out;
}

void append_addresses(std::string& out, const Found& found) {
    for (const Machine& machine : found.machines) {
        for (const std::string& slot : machine.slots) {
            if (!machine.address.empty()) {
                out += "\\\\" + visible(machine.host) + "\\mailslot\\";
            }
            out += visible(slot) + '\n';
        }
    }
}

void append_hosts(std::string& out, const Found& found) {
    for (const Machine& machine : found.machines) out += visible(machine.host) + '\n';
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

int run_list_network(const ListOptions& options) {
    const auto found = find_slots({.timeout = options.timeout});
    if (!found) return fail(found.error());
    Output output;
    if (options.names) {
        append_addresses(output.text(), *found);
    } else if (options.json) {
        append_found_json(output.text(), *found);
    } else if (found->machines.empty()) {
        say("no slots on this machine, and no other machine answered within " +
            std::to_string(options.timeout.count()) + " ms");
    } else {
        append_found_table(output.text(), *found);
    }
    const int printed = finish(output);
    const int complete = report_found(*found);
    return printed != kDone ? printed : complete;
}

int run_who(const WhoOptions& options) {
    const auto found = find_readers(options.address, {.timeout = options.timeout});
    if (!found) return fail_for(options.address, found.error());
    Output output;
    if (options.names) {
        append_hosts(output.text(), *found);
    } else if (options.json) {
        append_found_json(output.text(), *found);
    } else if (!found->machines.empty()) {
        append_found_table(output.text(), *found);
    }
    const int printed = finish(output);
    const int complete = report_found(*found);
    if (printed != kDone) return printed;
    if (complete != kDone || !found->machines.empty()) return complete;
    say("no machine with a reader of " + options.address + " answered within " +
        std::to_string(options.timeout.count()) + " ms");
    return kNothingInTime;
}

}  // namespace mailslot::cli
