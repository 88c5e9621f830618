// Copies of this machine and of processes: do two of them use the same number?
#include <string>
#include <string_view>

#include "inbox/slot_folder.h"
#include "mailslot/doctor/finding.h"
#include "post/ask_office.h"

namespace mailslot::cli::doctor {

void check_identity(const Patient& patient, Findings& findings) {
    const auto counters = post::ask_for_counters(inbox::SlotFolder(patient.settings.dir));
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
         "messages came from another machine that called itself this one: a copy of this machine "
         "was made while it ran. This one has another identity since, and the messages were taken "
         "in",
         "mailslot who    # the copy has this machine's host name, too, unless you change it");
    warn("origin_conflicts", "origin_conflict",
         "messages were dropped as repeats that are none: two processes that went on from one "
         "snapshot write with one identity",
         "mailslot info NAME --senders    # then start the writers on the copied machine anew");
}

}  // namespace mailslot::cli::doctor
