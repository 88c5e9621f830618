// mailslot list: the slots of this machine. For all machines: found.cc.
#include <algorithm>
#include <string>
#include <vector>

#include "api/process.h"
#include "base/visible_text.h"
#include "local/ask_reader.h"
#include "mailslot/commands.h"
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

}  // namespace

int run_list(const ListOptions& options) {
    if (options.network) return run_list_network(options);
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

}  // namespace mailslot::cli
