#include "office/inquiries.h"

#include <string>
#include <string_view>

#include "model/losses.h"
#include "os/user.h"

namespace mailslot::office {
namespace {

using wire::LocalMessage;
using wire::LocalOp;
using wire::NamedCounter;

// Copies all causes that a sender's losses can have.
Losses losses_of(const post::LossCounters& lost) {
    Losses all;
    all.network_gap = lost.network_gap;
    all.kernel_drop = lost.kernel_drop;
    all.fragment_timed_out = lost.fragment_timed_out;
    all.slot_full = lost.slot_full;
    all.message_too_big = lost.message_too_big;
    all.not_trusted = lost.not_trusted;
    all.over_limit = sum_of(lost.over_limit, lost.refused);  // as in the slot's own counters
    return all;
}

SenderInfo info_of(const post::SenderCounters& sender, const Clock& clock) {
    const auto ago = std::chrono::duration_cast<std::chrono::microseconds>(
        clock.now_through_sleep() - sender.last_heard);
    const std::chrono::microseconds heard(clock.unix_microseconds() - ago.count());
    return {.origin = sender.origin,
            .from_host = sender.host,
            .from_address = to_string(sender.address),
            .received = sender.received,
            .repeats = sender.repeats,
            .lost = losses_of(sender.lost),
            .lost_untold = sender.lost_untold,
            .told_then_arrived = sender.told_then_arrived,
            .last_heard = std::chrono::system_clock::time_point(heard)};
}

void add_losses(std::vector<NamedCounter>& all, const post::LossCounters& counted) {
    for_each_cause(losses_of(counted), [&all](std::string_view cause, std::uint64_t count) {
        // Some causes belong to the slot alone.
        if (cause == "bad_record" || cause == "dropped_oldest") return;
        all.push_back({"lost_" + std::string(cause), count});
    });
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
    std::vector<NamedCounter> all{
        {"envelopes", office.envelopes},
        {"delivered", office.delivered},
        {"own", office.own},
        {"not_for_us", office.not_for_us},
        {"ignored", office.ignored},
        {"bad", office.bad},
        {"bad_fragments", office.bad_fragments},
        {"no_such_slot", office.no_such_slot},
        {"repeats", office.repeats},
        {"too_old", office.too_old},
        {"fragment_repeats", office.fragment_repeats},
        {"senders_forgotten", office.senders_forgotten},
        {"identity_conflicts", rules_.ids().conflicts()},
        {"origin_conflicts", rules_.origin_conflicts()},
    };
    add_losses(all, office.lost);
    const post::AnswererCounters& queries = answerer_.counters();
    all.insert(all.end(), {{"answers", queries.answers},
                           {"answers_over_limit", queries.over_limit},
                           {"queries_from_afar", queries.from_afar},
                           {"bad_queries", queries.bad}});
    const CarrierCounters udp = network_.main_carrier().counters();
    all.insert(all.end(), {{"rx_datagrams", udp.rx_datagrams},
                           {"rx_bad_packet", udp.rx_bad_packet},
                           {"rx_unknown_version", udp.rx_unknown_version},
                           {"rx_sealed", udp.rx_sealed},
                           {"rx_sealed_copies", udp.rx_sealed_copies},
                           {"rx_not_trusted", udp.rx_not_trusted},
                           {"rx_wrong_time", udp.rx_wrong_time},
                           {"rx_other_interface", udp.rx_other_interface},
                           {"rx_kernel_drops", udp.rx_kernel_drops},
                           {"deaf_interfaces", udp.deaf_interfaces, true},
                           {"slots", registry_.slots().size(), true},
                           {"senders", office.senders, true},
                           {"half_arrived", office.half_arrived, true},
                           {"half_arrived_bytes", office.half_arrived_bytes, true}});
    for (const auto& carrier : network_.carriers()) {
        for (const FurtherCounter& counter : carrier->further_counters()) {
            all.push_back({std::string(counter.name), counter.count, counter.is_level});
        }
    }
    return all;
}

}  // namespace mailslot::office
