#include "office/inquiries.h"

#include <string>
#include <string_view>

#include "os/user.h"

namespace mailslot::office {
namespace {

using wire::LocalMessage;
using wire::LocalOp;
using wire::NamedCounter;

SenderInfo info_of(const post::SenderCounters& sender, const Clock& clock) {
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

// Returns true for the slot's user, for our own user and root, and for everybody if the slot is open
// to other users.
bool may_ask_about(const RegisteredSlot& slot, std::uint32_t asker) {
    const bool is_its_own = slot.registrant != kOwn && asker == slot.user;
    return is_its_own || os::is_own_user_or_root(asker) || slot.writer->is_opened();
}

}  // namespace

wire::LocalMessage Inquiries::senders(const LocalMessage& question, std::uint32_t asker) const {
    const auto refused = [&question](Errc why) {
        return LocalMessage{.op = LocalOp::refused, .key = question.key, .why = why};
    };
    const RegisteredSlot* const slot = registry_.find(question.key);
    if (slot == nullptr) return refused(Errc::no_such_slot);
    if (!may_ask_about(*slot, asker)) return refused(Errc::no_permission);
    const post::SenderPage page =
        rules_.senders(question.key, question.cursor.value_or(0), wire::kSendersPerPage);
    LocalMessage answer{.op = LocalOp::sender_page, .key = question.key};
    for (const post::SenderCounters& sender : page.senders) {
        answer.senders.push_back(info_of(sender, clock_));
    }
    answer.cursor = page.next;
    return answer;
}

wire::LocalMessage Inquiries::counters() const {
    LocalMessage answer{.op = LocalOp::counter_list};
    answer.counters = machine_counters();
    return answer;
}

std::vector<NamedCounter> Inquiries::machine_counters() const {
    const post::OfficeCounters office = rules_.counters();
    std::vector<NamedCounter> all;
    add_counters(all, post::kOfficeCounters, office, false);
    all.insert(all.end(), {{"identity_conflicts", rules_.ids().conflicts()},
                           {"origin_conflicts", rules_.origin_conflicts()}});
    add_losses(all, office.lost);
    const post::AnswererCounters& queries = answerer_.counters();
    all.insert(all.end(), {{"answers", queries.answers},
                           {"answers_over_limit", queries.over_limit},
                           {"queries_from_afar", queries.from_afar},
                           {"bad_queries", queries.bad}});
    const CarrierCounters carrier_counters = network_.main_carrier().counters();
    add_counters(all, kCarrierCounters, carrier_counters, false);
    add_counters(all, kCarrierCounters, carrier_counters, true);
    all.push_back({"slots", registry_.slots().size(), true});
    add_counters(all, post::kOfficeCounters, office, true);
    for (const auto& carrier : network_.carriers()) {
        for (const FurtherCounter& counter : carrier->further_counters()) {
            all.push_back({std::string(counter.name), counter.count, counter.is_level});
        }
    }
    return all;
}

}  // namespace mailslot::office
