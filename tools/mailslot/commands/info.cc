// mailslot info: a slot's sizes, limits, counters, and losses by cause.
#include <algorithm>
#include <memory>
#include <string>
#include <vector>

#include "base/visible_text.h"
#include "mailslot/command.h"
#include "mailslot/exit_status.h"
#include "mailslot/json_line.h"
#include "mailslot/output.h"
#include "mailslot/report.h"
#include "mailslot/size_text.h"
#include "mailslot/slot_json.h"
#include "mailslot/table.h"
#include "model/trust.h"
#include "post/sender_order.h"

namespace mailslot::cli {
namespace {

struct InfoOptions {
    std::string name;
    bool json = false;
    bool senders = false;  // all senders
};

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
    append_row(out, "received_bytes", slot.received_bytes);
    append_row(out, "repeats", slot.repeats);
    append_row(out, "senders", slot.senders);
    append_row(out, "senders_forgotten", slot.senders_forgotten);
    append_row(out, "max_message_bytes",
               slot.max_message_bytes != 0 ? size_text(slot.max_message_bytes) : "as max_bytes");
    append_row(out, "max_bytes", size_text(slot.max_bytes));
    append_row(out, "max_messages", slot.max_messages);
    append_row(out, "when_full", word_of(slot.when_full));
    append_row(out, "require", word_of(slot.require));
    append_row(out, "order", word_of(slot.order));
    append_row(out, "read_timeout",
               slot.read_timeout >= Timeout{0} ? std::to_string(slot.read_timeout.count()) + " ms"
                                               : "forever");
    append_row(out, "lost", slot.lost.total());
    for (const LossCause& cause : kLossCauses)
        append_row(out, "  " + std::string(cause.name), slot.lost.*cause.count);
}

void append_senders(std::string& out, std::vector<SenderInfo> senders, bool all) {
    constexpr std::size_t kShown = 10;
    if (senders.empty()) return;
    std::ranges::sort(senders, tells_more);
    const std::size_t shown = all ? senders.size() : std::min(kShown, senders.size());
    std::vector<Cells> rows{{"FROM_HOST", "FROM_ADDRESS", "ORIGIN", "RECEIVED", "REPEATS", "LOST"}};
    for (std::size_t i = 0; i < shown; ++i) {
        const SenderInfo& sender = senders[i];
        Cells& row = rows.emplace_back(3);
        append_table_cell(row[0], sender.from_host);
        append_table_cell(row[1], sender.from_address);
        append_origin(row[2], sender.origin);
        for (const std::uint64_t number : {sender.received, sender.repeats, sender.lost.total()}) {
            row.push_back(std::to_string(number));
        }
    }
    out += '\n';
    append_rows(out, rows, 3);
    if (shown < senders.size()) {
        out +=
            "and " + std::to_string(senders.size() - shown) + " more: --senders shows them all\n";
    }
}

int run(const InfoOptions& options) {
    const auto slot = info(options.name);
    if (!slot) return fail_for(options.name, slot.error());
    const auto heard = senders(options.name);
    Output output;
    if (options.json)
        append_slot_json(output.text(), *slot, heard);
    else
        append_table(output.text(), *slot);
    if (!options.json && heard) append_senders(output.text(), *heard, options.senders);
    // Report missing senders only if the user asked for senders or for everything.
    if (!heard && (options.senders || options.json)) {
        say("no senders are known: " + to_string(heard.error()));
    }
    return finish(output);
}

Use prepare() {
    auto options = std::make_shared<InfoOptions>();
    Arguments arguments{
        text("NAME", "", "A slot of this machine", options->name).required().offering(Offer::slots),
        flag("--json", "One JSON object, with all senders", options->json),
        flag("--senders", "All senders, not only the ten that lost most", options->senders),
    };
    return {std::move(arguments), [options] { return run(*options); }};
}

}  // namespace

extern const Command info_command;
const Command info_command{90, "info", "Show a slot's sizes, counters and losses", prepare,
                           R"(Examples:
  mailslot info LISTENER
  mailslot info LISTENER --json | jq '.by_sender[] | select(.lost > 0)'
  mailslot info LISTENER --json | jq .lost_by_cause)"};

}  // namespace mailslot::cli
