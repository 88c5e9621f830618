// Answers questions about the office's books: docs/protocol/local-socket.md.

#include <algorithm>

#include "model/losses.h"
#include "office/office.h"
#include "office/office_slot.h"
#include "os/user.h"

namespace mailslot::office {
namespace {

using wire::LocalMessage;
using wire::LocalOp;

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
        const post::SenderPage page =
            post_office_.senders(question.key, question.cursor.value_or(0), wire::kSendersPerPage);
        for (const post::SenderCounters& sender : page.senders) {
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
    const post::OfficeCounters office = post_office_.counters();
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
        {"identity_conflicts", post_office_.ids().conflicts()},
        {"origin_conflicts", post_office_.origin_conflicts()},
    };
    add_losses(all, office.lost);
    const post::AnswererCounters& queries = answerer_.counters();
    all.insert(all.end(), {{"answers", queries.answers},
                           {"answers_over_limit", queries.over_limit},
                           {"queries_from_afar", queries.from_afar},
                           {"bad_queries", queries.bad}});
    const CarrierCounters udp = main_carrier().counters();
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
                           {"slots", slots_.size(), true},
                           {"senders", office.senders, true},
                           {"half_arrived", office.half_arrived, true},
                           {"half_arrived_bytes", office.half_arrived_bytes, true}});
    for (const auto& carrier : carriers_) {
        for (const FurtherCounter& counter : carrier->further_counters()) {
            all.push_back({std::string(counter.name), counter.count, counter.is_level});
        }
    }
    return all;
}

}  // namespace mailslot::office
