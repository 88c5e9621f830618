#include "office/heirs.h"

#include <string>

#include "base/crash_point.h"
#include "os/local_socket.h"
#include "os/process.h"
#include "os/user.h"

namespace mailslot::office {

using wire::LocalOp;
using wire::Rank;

// In a folder that root gave away, root's process may be the office, and the owner may take over.
bool Heirs::may_take_over(os::Handle connection) const {
    const std::uint32_t user = door_.user_of(connection);
    return os::is_own_user_or_root(user) || folder_.owner() == user;
}

bool Heirs::offer() {
    offered_ = os::kNoHandle;
    for (const os::Handle connection : door_.all()) {
        if (asked_.contains(connection) || !may_take_over(connection)) continue;
        asked_.insert(connection);
        if (!os::send_packet(connection, wire::encode({.op = LocalOp::offer}))) continue;
        offered_ = connection;
        MAILSLOT_CRASH_POINT(office_offered);
        return true;
    }
    return false;
}

void Heirs::hear_claim(os::Handle connection, Rank rank) {
    const bool is_due = rank == Rank::reader   ? asked_.contains(connection)
                        : rank == Rank::daemon ? rank_ == Rank::reader
                                               : rank == Rank::successor_daemon;
    const bool may = may_take_over(connection);
    if (is_due && may) {
        claimant_ = connection;
        return;
    }
    const std::string who = rank_ == Rank::reader ? "a reading process" : "mailslotd";
    (void)os::send_packet(
        connection,
        wire::encode({.op = LocalOp::refused,
                      .why = may ? Errc::slot_exists : Errc::no_permission,
                      .detail = who + ", process " + std::to_string(os::own_process())}));
}

os::GuardedFd Heirs::take_claimant() {
    return door_.give_out(claimant_);  // the books of its slots stay, and are handed over
}

}  // namespace mailslot::office
