// Copies of this machine and of processes: do two of them use the same number?
#include <string>
#include <string_view>

#include "local/slot_folder.h"
#include "mailslot/doctor/finding.h"
#include "office/ask_office.h"

namespace mailslot::cli::doctor {

void check_identity(const Patient& patient, Findings& findings) {
    const auto counters = office::ask_for_counters(local::SlotFolder(patient.settings.dir));
    if (!counters) return;
    const auto warn = [&](std::string_view counter, std::string cause, const std::string& what,
                          std::string fix) {
        for (const auto& [name, count, is_level] : *counters) {
            if (name != counter || count == 0) continue;
            findings.push_back({"identity", Status::warning, std::move(cause),
                                std::to_string(count) + " " + what, std::move(fix)});
            return;
        }
    };
    warn("identity_conflicts", "identity_conflict",
         "messages came from another machine with the identity of this machine: a copy was made "
         "while this machine ran. This machine has a new identity now, and the messages were "
         "delivered",
         "mailslot who NAME    # finds the copy, which has this machine's host name unless you "
         "change "
         "it");
    warn("origin_conflicts", "origin_conflict",
         "messages were dropped as repeats, but are new: two processes that continue from the same "
         "snapshot write with the same identity",
         "mailslot info NAME --senders    # then restart the writers on the copied machine");
}

}  // namespace mailslot::cli::doctor
