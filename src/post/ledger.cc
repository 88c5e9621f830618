#include "post/ledger.h"

#include <algorithm>

#include "base/saturating.h"

namespace mailslot::post {

using Standing = SequenceWindow::Standing;

namespace {

// Returns the cause under which to correct a gap. Below the window the cause of a gap is not known,
// so `cause` may be taken for the other cause.
Loss gap_counted_as(Sender& sender, Loss cause) {
    if (sender.lost.*cause > 0) return cause;
    return cause == &Losses::network_gap ? &Losses::kernel_drop : &Losses::network_gap;
}

}  // namespace

void Ledger::count_gap(Sender& sender, std::uint64_t sequence, bool dropped) {
    const std::uint64_t gap = sender.window.advance_to(sequence);
    if (gap == 0) return;
    if (dropped) sender.window.set_dropped(gap);
    count_loss(sender, dropped ? &Losses::kernel_drop : &Losses::network_gap, gap);
}

void Ledger::count_loss(Sender& sender, Loss cause, std::uint64_t count) {
    count_up(sender.lost.*cause, count);
    count_up(sender.lost_untold, count);
    count_up(sender.key.slot->counters.lost.*cause, count);
    count_up(books_.counters.lost.*cause, count);
    if (count > 0)
        slots_.note_sender(sender.key.slot->key, sender.key.origin, sender.window.next());
}

void Ledger::give_up(Sender& sender, std::uint64_t sequence, Loss cause) {
    SequenceWindow& window = sender.window;
    if (!window.counts(sequence)) return;
    const Standing standing = window.standing(sequence);
    if (standing == Standing::ahead) {
        window.advance_to(sequence + 1);
        count_loss(sender, cause, 1);
    } else {
        const bool was_dropped = standing == Standing::dropped;
        move_loss(sender,
                  gap_counted_as(sender, was_dropped ? &Losses::kernel_drop : &Losses::network_gap),
                  cause);
    }
    window.set_given_up(sequence, cause);
}

Standing Ledger::revive(Sender& sender, std::uint64_t sequence, Standing standing) {
    if (standing != Standing::timed_out && standing != Standing::evicted) return standing;
    const bool timed_out = standing == Standing::timed_out;
    move_loss(sender, timed_out ? &Losses::fragment_timed_out : &Losses::over_limit,
              &Losses::network_gap);
    sender.window.clear_cause(sequence);
    return Standing::missing;
}

void Ledger::arrived(Sender& sender, std::uint64_t sequence, Standing standing) {
    sender.window.set_arrived(sequence);
    if (standing == Standing::missing) take_gap_back(sender, sequence, &Losses::network_gap);
    if (standing == Standing::dropped) take_gap_back(sender, sequence, &Losses::kernel_drop);
}

void Ledger::take_gap_back(Sender& sender, std::uint64_t sequence, Loss told) {
    const Loss cause = gap_counted_as(sender, told);
    count_down(sender.lost.*cause);
    count_down(sender.key.slot->counters.lost.*cause);
    count_down(books_.counters.lost.*cause);
    if (sequence < sender.told_below) {
        ++sender.told_then_arrived;
    } else {
        count_down(sender.lost_untold);
    }
}

void Ledger::take_gaps_back(Sender& sender, std::uint64_t count) {
    for (const Loss cause : {&Losses::network_gap, &Losses::kernel_drop}) {
        const std::uint64_t lost = std::min(count, sender.lost.*cause);
        for (Losses* const losses :
             {&sender.lost, &sender.key.slot->counters.lost, &books_.counters.lost}) {
            count_down(losses->*cause, lost);
        }
        const std::uint64_t untold = std::min(lost, sender.lost_untold);
        sender.lost_untold -= untold;
        count_up(sender.told_then_arrived, lost - untold);
        count -= lost;
    }
}

// Moves a loss to a better known cause.
void Ledger::move_loss(Sender& sender, Loss from, Loss to) {
    for (Losses* const lost :
         {&sender.lost, &sender.key.slot->counters.lost, &books_.counters.lost}) {
        count_down(lost->*from);
        count_up(lost->*to, 1);
    }
}

}  // namespace mailslot::post
