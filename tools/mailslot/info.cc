// mailslot info: one slot's sizes, limits, counters, and what was lost why.
#include <string>

#include "mailslot/commands.h"
#include "mailslot/exit_status.h"
#include "mailslot/output.h"
#include "mailslot/plain_line.h"
#include "mailslot/report.h"
#include "mailslot/size_text.h"
#include "mailslot/slot_json.h"

namespace mailslot::cli {
namespace {

void append_row(std::string& out, std::string_view key, std::string_view value) {
    constexpr std::size_t kWidth = 20;  // the longest cause, its indentation, and a gap
    out += key;
    out.append(key.size() < kWidth ? kWidth - key.size() : 1, ' ');
    append_visible(out, value);
    out += '\n';
}

void append_row(std::string& out, std::string_view key, std::uint64_t value) {
    append_row(out, key, std::to_string(value));
}

void append_table(std::string& out, const SlotInfo& slot) {
    append_row(out, "name", slot.name);
    append_row(out, "reader_pid", std::to_string(slot.reader_pid));
    append_row(out, "messages", slot.messages);
    append_row(out, "bytes", slot.bytes);
    append_row(out, "next_message_bytes",
               slot.next_message_bytes ? std::to_string(*slot.next_message_bytes) : "-");
    append_row(out, "received", slot.received);
    append_row(out, "repeats", slot.repeats);
    append_row(out, "senders", slot.senders);
    append_row(out, "max_message_bytes",
               slot.max_message_bytes != 0 ? size_text(slot.max_message_bytes) : "as max_bytes");
    append_row(out, "max_bytes", size_text(slot.max_bytes));
    append_row(out, "max_messages", slot.max_messages);
    append_row(out, "read_timeout",
               slot.read_timeout >= Timeout{0} ? std::to_string(slot.read_timeout.count()) + " ms"
                                               : "forever");
    append_row(out, "lost", slot.lost.total());
    for (const Loss& loss : losses_of(slot))
        append_row(out, "  " + std::string(loss.cause), loss.count);
}

}  // namespace

int run_info(const InfoOptions& options) {
    const auto slot = info(options.name);
    if (!slot) return fail_for(options.name, slot.error());
    Output output;
    if (options.json)
        append_slot_json(output.text(), *slot);
    else
        append_table(output.text(), *slot);
    return finish(output);
}

}  // namespace mailslot::cli
