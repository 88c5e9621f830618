// Answers questions about the office's books: docs/protocol/local-socket.md.

#include <algorithm>

#include "os/user.h"
#include "post/office.h"
#include "post/office_slot.h"

namespace mailslot::post {
namespace {

using wire::LocalMessage;
using wire::LocalOp;

SenderInfo info_of(const SenderCounters& sender, const Clock& clock) {
    const auto ago = std::chrono::duration_cast<std::chrono::microseconds>(
        clock.now_through_sleep() - sender.last_heard);
    const std::chrono::microseconds heard(clock.unix_microseconds() - ago.count());
    return {.origin = sender.origin,
            .from_host = sender.host,
            .from_address = to_string(sender.address),
            .received = sender.received,
            .repeats = sender.repeats,
            .lost = sender.lost,
            .lost_untold = sender.lost_untold,
            .told_then_arrived = sender.told_then_arrived,
            .last_heard = std::chrono::system_clock::time_point(heard)};
}

void add_losses(std::vector<NamedCounter>& all, const Losses& lost) {
    for (const LossCause& cause : kLossCauses) {
        if (cause.counted_by == LossCause::By::reader) continue;
        all.push_back({"lost_" + std::string(cause.name), lost.*cause.count});
    }
}

// Adds the counters of a table that are levels, or those that are none.
template <class Table, class Counters>
void add_counters(std::vector<NamedCounter>& all, const Table& table, const Counters& counters,
                  bool levels) {
    for (const auto& row : table) {
        if (row.is_level != levels) continue;
        all.push_back({std::string(row.name), counters.*row.count, row.is_level});
    }
}

}  // namespace

// Returns true for the slot's user, for our own user and root, and for everybody if the slot is open
// to other users.
bool Office::may_ask_about(int fd, const Slot& slot) const {
    const std::uint32_t asker = door_.user_of(fd);
    const bool is_its_own = slot.registrant != kOwn && asker == slot.user;
    return is_its_own || os::is_own_user_or_root(asker) || slot.writer->is_opened();
}

void Office::tell_senders(int fd, const LocalMessage& question) const {
    LocalMessage answer{.op = LocalOp::sender_page, .key = question.key};
    const auto found = slots_.find(question.key);
    if (found == slots_.end()) {
        answer.op = LocalOp::refused;
        answer.why = Errc::no_such_slot;
    } else if (!may_ask_about(fd, *found->second)) {
        answer.op = LocalOp::refused;
        answer.why = Errc::no_permission;
    } else {
        const SenderPage page =
            post_office_.senders(question.key, question.cursor.value_or(0), wire::kSendersPerPage);
        for (const SenderCounters& sender : page.senders) {
            answer.senders.push_back(info_of(sender, clock_));
        }
        answer.cursor = page.next;
    }
    (void)os::send_packet(fd, wire::encode(answer));
}

void Office::tell_counters(int fd) const {
    LocalMessage answer{.op = LocalOp::counter_list};
    answer.counters = counters();
    (void)os::send_packet(fd, wire::encode(answer));
}

std::vector<NamedCounter> Office::counters() const {
    const OfficeCounters office = post_office_.counters();
    std::vector<NamedCounter> all;
    add_counters(all, kOfficeCounters, office, false);
    all.insert(all.end(), {{"identity_conflicts", post_office_.ids().conflicts()},
                           {"origin_conflicts", post_office_.origin_conflicts()}});
    add_losses(all, office.lost);
    const AnswererCounters& queries = answerer_.counters();
    all.insert(all.end(), {{"answers", queries.answers},
                           {"answers_over_limit", queries.over_limit},
                           {"queries_from_afar", queries.from_afar},
                           {"bad_queries", queries.bad}});
    const CarrierCounters carrier_counters = main_carrier().counters();
    add_counters(all, kCarrierCounters, carrier_counters, false);
    add_counters(all, kCarrierCounters, carrier_counters, true);
    all.push_back({"slots", slots_.size(), true});
    add_counters(all, kOfficeCounters, office, true);
    for (const auto& carrier : carriers_) {
        for (const FurtherCounter& counter : carrier->further_counters()) {
            all.push_back({std::string(counter.name), counter.count, counter.is_level});
        }
    }
    return all;
}

}  // namespace mailslot::post
