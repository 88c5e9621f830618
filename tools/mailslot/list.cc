// mailslot list: the slots of this machine; of all machines: found.cc.
#include <algorithm>
#include <string>
#include <vector>

#include "base/visible_text.h"
#include "mailslot/commands.h"
#include "mailslot/exit_status.h"
#include "mailslot/found.h"
#include "mailslot/json_line.h"
#include "mailslot/output.h"
#include "mailslot/report.h"
#include "mailslot/slot_json.h"
#include "mailslot/table.h"

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

}  // namespace

int run_list(const ListOptions& options) {
    if (options.network) return run_list_network(options);
    auto slots = list();
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
