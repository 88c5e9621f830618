#include "office/lock_patience.h"

namespace mailslot::office {
namespace {

using namespace std::chrono_literals;

constexpr auto kUsual = 50ms;
constexpr auto kNoPatienceFor = 1s;  // after a lock was not to be had
constexpr auto kUsualPut = 1ms;      // a put that takes longer has waited, or was made to search

}  // namespace

std::chrono::milliseconds LockPatience::with(const RegisteredSlot& slot, Clock::Instant now) const {
    if (now < slot.patient_from) return 0ms;
    if (!slot.is_strangers) return kUsual;
    const TimeShares& waits = is_opened(slot) ? opened_ : private_;
    if (waits.left_of(slot.user, now).count() == 0) return 0ms;
    return kUsual / static_cast<int>(1 + waits.users_without(now));
}

void LockPatience::note_put(RegisteredSlot& slot, Clock::Instant begun, Clock::Instant now,
                            bool gave_up) {
    if (gave_up) slot.patient_from = now + kNoPatienceFor;
    if (!slot.is_strangers || now - begun <= kUsualPut) return;
    (is_opened(slot) ? opened_ : private_).charge(slot.user, now - begun, now);
}

}  // namespace mailslot::office
