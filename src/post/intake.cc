#include "post/intake.h"

#include "post/gateway_mark.h"

namespace mailslot::post {

using Standing = SequenceWindow::Standing;

namespace {

Content first_of(const Parcel& parcel) {
    const Envelope& one = parcel.envelope;
    if (!parcel.contents.empty()) return parcel.contents.front();
    return {one.payload, one.sent_at_us, one.format};
}

// Returns false if the time is a gateway's. Gateways pass on single messages.
bool has_senders_time(const Parcel& parcel) {
    if (parcel.envelope.has_no_time) return false;
    if (parcel.size() > 1 || !first_of(parcel).format.labelled) return true;
    return !came_by_gateway(parcel.front());
}

}  // namespace

void Intake::take(Sender& sender, const Parcel& parcel) {
    SequenceWindow& window = sender.window;
    const std::uint64_t first = parcel.envelope.sequence;
    if (first == window.next()) {
        if (books_.half_arrived.messages() > 0) drop_parts(sender, first, parcel.size());
        window.set_next_arrived(parcel.size());
        note_time(parcel);
        dispatch_.gather(sender, parcel);
    } else if (window.has_arrived(first, parcel.size())) {
        count_repeats(sender, parcel);
    } else {
        parcel.for_each([&](const Envelope& message) { take_one(sender, message); });
    }
}

void Intake::take_one(Sender& sender, const Envelope& message) {
    Standing standing = sender.window.standing(message.sequence);
    if (standing == Standing::arrived || standing == Standing::too_old) {
        count_repeats(sender, {message});
        if (standing == Standing::too_old) {
            ++sender.key.slot->counters.too_old;
            ++books_.counters.too_old;
        }
        return;
    }
    standing = ledger_.revive(sender, message.sequence, standing);
    books_.half_arrived.drop(sender.key, message.sequence);
    ledger_.arrived(sender, message.sequence, standing);
    note_time({message});
    dispatch_.gather(sender, {message});
}

void Intake::count_repeats(Sender& sender, const Parcel& repeats) {
    const std::uint64_t count = repeats.size();
    const Envelope& first = repeats.envelope;
    const std::int64_t sent_at = first_of(repeats).sent_at_us;
    const bool is_another = times_.is_another(first.origin, first.sequence, sent_at);
    if (is_another && has_senders_time(repeats)) origin_conflicts_ += count;
    if (times_.is_same(first.origin, first.sequence, sent_at)) {
        sender.acquaintance.add(source_of(first));
    }
    sender.repeats += count;
    sender.key.slot->counters.repeats += count;
    books_.counters.repeats += count;
}

// Drops parts of messages that came whole after all, by another carrier. Only the first message,
// and messages whose word is kept in `ahead`, can be half here.
void Intake::drop_parts(Sender& sender, std::uint64_t first, std::uint64_t count) {
    books_.half_arrived.drop(sender.key, first);
    if (!sender.ahead) return;
    const auto& all = sender.ahead->by_number;
    for (auto ahead = all.upper_bound(first); ahead != all.end(); ++ahead) {
        if (ahead->first - first >= count) break;
        books_.half_arrived.drop(sender.key, ahead->first);
    }
}

// Notes the time of the first message only, because copies are packed alike.
void Intake::note_time(const Parcel& parcel) {
    const Envelope& first = parcel.envelope;
    if (!has_senders_time(parcel)) return;
    times_.note(first.origin, first.sequence, first_of(parcel).sent_at_us);
}

}  // namespace mailslot::post
