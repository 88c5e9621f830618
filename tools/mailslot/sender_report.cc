#include "mailslot/sender_report.h"

#include <algorithm>
#include <span>

#include "base/visible_text.h"
#include "mailslot/json_line.h"
#include "mailslot/slot_json.h"
#include "post/sender_order.h"

namespace mailslot::cli {

std::vector<std::string> sender_lines(std::vector<std::pair<std::string, SenderInfo>> senders,
                                      bool several_slots) {
    std::erase_if(senders, [](const auto& sender) { return sender.second.lost.total() == 0; });
    std::ranges::sort(senders,
                      [](const auto& a, const auto& b) { return tells_more(a.second, b.second); });
    std::vector<std::string> lines;
    for (const auto& [slot, sender] : senders) {
        if (lines.size() == kSendersReported) break;
        std::string& line = lines.emplace_back("  ");
        append_cell(line, sender.from_host);
        line += " at ";
        append_cell(line, sender.from_address);
        line += ", origin ";
        append_origin(line, sender.origin);
        if (several_slots) append_cell(line += ", to ", slot);
        line += ": " + std::to_string(sender.received) + " received, ";
        line += losses_text(std::span(&sender.lost, 1));
    }
    if (senders.size() > lines.size()) {
        const std::size_t more = senders.size() - lines.size();
        lines.push_back("  and " + std::to_string(more) +
                        (more == 1 ? " more sender" : " more senders") + " that lost less");
    }
    return lines;
}

}  // namespace mailslot::cli
