// mailslot list: the slots of this machine, or of all machines.
#include <algorithm>
#include <memory>
#include <string>
#include <vector>

#include "api/process.h"
#include "base/visible_text.h"
#include "local/ask_reader.h"
#include "mailslot/command.h"
#include "mailslot/exit_status.h"
#include "mailslot/found.h"
#include "mailslot/json_line.h"
#include "mailslot/output.h"
#include "mailslot/report.h"
#include "mailslot/slot_json.h"
#include "mailslot/table.h"
#include "os/local_socket.h"

namespace mailslot::cli {
namespace {

struct ListOptions {
    bool json = false;
    bool names = false;  // nothing but the names, for scripts and completion
    bool network = false;
    Timeout timeout{500};  // for answers of other machines
};

Cells cells_of(const SlotInfo& slot) {
    std::string name;
    append_table_cell(name, slot.name);
    return {name,
            std::to_string(slot.messages),
            std::to_string(slot.bytes),
            std::to_string(slot.received),
            std::to_string(slot.lost.total()),
            std::to_string(slot.reader_pid)};
}

void append_table(std::string& out, const std::vector<SlotInfo>& slots) {
    std::vector<Cells> rows{{"NAME", "MESSAGES", "BYTES", "RECEIVED", "LOST", "READER_PID"}};
    for (const SlotInfo& slot : slots) rows.push_back(cells_of(slot));
    append_rows(out, rows, 1);
}

void tell_silent(const local::SlotEntry& entry) {
    const auto connection = local::ReaderConnection::to(entry, false);
    const std::int64_t pid = connection ? os::peer_identity(connection->fd()).pid : 0;
    std::string name;
    append_visible(name, entry.name.text);
    say(name + " is not listed: its reader, process " + std::to_string(pid) +
        ", does not answer; if that process is stopped: kill -CONT " + std::to_string(pid));
}

// Lists slots. Slots whose reader does not answer are left out and reported.
Result<std::vector<SlotInfo>> list_and_tell() {
    const auto process = Process::current();
    if (!process) return process.error();
    const std::vector<local::SlotEntry> entries = local::all_entries((*process)->folders());
    auto answers = local::ask_all_for_info(entries);
    std::vector<SlotInfo> slots;
    for (std::size_t i = 0; i < entries.size(); ++i) {
        if (answers[i])
            slots.push_back(std::move(*answers[i]));
        else if (answers[i].error().code == Errc::timed_out)
            tell_silent(entries[i]);
    }
    return slots;
}

void append_addresses(std::string& out, const Found& found) {
    for (const Machine& machine : found.machines) {
        for (const std::string& slot : machine.slots) {
            if (!machine.address.empty()) {
                out += "\\\\";
                append_visible(out, machine.host);
                out += "\\mailslot\\";
            }
            append_visible(out, slot);
            out += '\n';
        }
    }
}

int list_network(const ListOptions& options) {
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

int run(const ListOptions& options) {
    if (options.network) return list_network(options);
    auto slots = options.names ? list() : list_and_tell();
    if (!slots) return fail(slots.error());
    std::sort(slots->begin(), slots->end(),
              [](const auto& a, const auto& b) { return a.name < b.name; });
    Output output;
    if (options.names) {
        for (const SlotInfo& slot : *slots) {
            append_visible(output.text(), slot.name);
            output.text() += '\n';
        }
    } else if (options.json) {
        for (const SlotInfo& slot : *slots) append_slot_json(output.text(), slot);
    } else if (slots->empty()) {
        say("no slots on this machine");
    } else {
        append_table(output.text(), *slots);
    }
    return finish(output);
}

Use prepare() {
    auto options = std::make_shared<ListOptions>();
    Arguments arguments{
        flag("--json", "One JSON object a line", options->json),
        flag("--names", "Only the names, one a line; for other machines the addresses",
             options->names)
            .without("--json"),
        flag("--network", "List also the slots of every other machine that answers",
             options->network),
        milliseconds("--timeout", "Wait at most MS for their answers (default 500)",
                     options->timeout)
            .with("--network"),
    };
    return {std::move(arguments), [options] { return run(*options); }};
}

}  // namespace

extern const Command list_command;
const Command list_command{70, "list", "List the slots of this machine, or of all machines",
                           prepare,
                           R"(Machines may be set not to answer, and answers may get lost.

Examples:
  mailslot list
  mailslot list --json | jq 'select(.lost > 0)'
  mailslot list --network)"};

}  // namespace mailslot::cli
