#include "mailslot/slot_info.h"

#include <utility>

#include "api/process.h"
#include "local/ask_reader.h"
#include "model/address.h"
#include "model/limits.h"
#include "office/ask_office.h"

namespace mailslot {

Result<std::vector<SlotInfo>> list(Interrupted interrupted) {
    const auto process = Process::current();
    if (!process) return process.error();
    std::vector<SlotInfo> slots;
    // Skips slots of dead readers and slots that this user may not see.
    for (auto& slot : local::ask_all_for_info(all_entries((*process)->folders()), interrupted)) {
        if (slot) slots.push_back(std::move(*slot));
        if (!slot && slot.error().code == Errc::interrupted) return slot.error();
    }
    return slots;
}

Result<SlotInfo> info(std::string_view name, Interrupted interrupted) {
    const auto parsed = parse_reader_name(name);
    if (!parsed) return parsed.error();
    const auto process = Process::current();
    if (!process) return process.error();
    for (const local::SlotFolder& folder : (*process)->folders()) {
        const auto entry = folder.find(parsed->key);
        if (!entry) continue;
        auto slot = local::ask_for_info(*entry, interrupted);
        if (slot || slot.error().code != Errc::no_such_slot) return slot;
    }
    return Error{Errc::no_such_slot, "info", 0, parsed->text};
}

Result<std::vector<SenderInfo>> senders(std::string_view name, Interrupted interrupted) {
    const auto parsed = parse_reader_name(name);
    if (!parsed) return parsed.error();
    const auto process = Process::current();
    if (!process) return process.error();
    const std::vector<local::SlotFolder> folders = (*process)->folders();
    for (const local::SlotFolder& folder : folders) {
        const auto entry = folder.find(parsed->key);
        if (!entry) continue;
        // Skip files that a dead reader left.
        const auto slot = local::ask_for_info(*entry, interrupted);
        if (!slot && slot.error().code == Errc::no_such_slot) continue;
        if (!slot) return slot.error();
        return office::ask_for_senders(folders, *entry, *slot, kMaxSenders, interrupted);
    }
    return Error{Errc::no_such_slot, "senders", 0, parsed->text};
}

}  // namespace mailslot
