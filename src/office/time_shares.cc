#include "office/time_shares.h"

#include <algorithm>

namespace mailslot::office {
namespace {

constexpr std::size_t kMostAccounts = 1024;
constexpr int kMostDebt = 10;  // shares: those of a second

}  // namespace

// Time above the share of a window is taken from the next windows.
Clock::Instant::duration TimeShares::used_of(const Account& account, Clock::Instant now,
                                             Clock::Instant::duration share) {
    const auto windows = (now - account.window) / kWindow;
    const Clock::Instant::duration given = windows * share;
    return std::max(account.used - given, Clock::Instant::duration::zero());
}

void TimeShares::charge(Account& account, Clock::Instant::duration took, Clock::Instant now,
                        Clock::Instant::duration share) {
    account.used = std::min(used_of(account, now, share) + took, kMostDebt * share);
    account.window += (now - account.window) / kWindow * kWindow;
}

void TimeShares::charge(std::uint32_t user, Clock::Instant::duration took, Clock::Instant now) {
    if (accounts_.size() >= kMostAccounts) {
        std::erase_if(accounts_, [now](const auto& entry) {
            return used_of(entry.second, now) == Clock::Instant::duration::zero();
        });
    }
    charge(accounts_[user], took, now, kShare);
    charge(all_, took, now, kShareOfAll);
}

Clock::Instant::duration TimeShares::used_by_all(Clock::Instant now) const {
    return used_of(all_, now, kShareOfAll);
}

std::chrono::nanoseconds TimeShares::left_of(std::uint32_t user, Clock::Instant now) const {
    const auto found = accounts_.find(user);
    if (found == accounts_.end()) return kShare;
    const auto used = used_of(found->second, now);
    if (used_by_all(now) >= kShareOfAll) {
        const auto at_work = std::ranges::count_if(accounts_, [now](const auto& entry) {
            return used_of(entry.second, now) > Clock::Instant::duration::zero();
        });
        if (used * at_work >= kShareOfAll) return std::chrono::nanoseconds::zero();
    }
    return std::max(std::chrono::nanoseconds(kShare - used), std::chrono::nanoseconds::zero());
}

std::size_t TimeShares::users_without(Clock::Instant now) const {
    return static_cast<std::size_t>(std::ranges::count_if(
        accounts_, [now](const auto& entry) { return used_of(entry.second, now) >= kShare; }));
}

std::optional<Clock::Instant> TimeShares::waits_until(std::uint32_t user,
                                                      Clock::Instant now) const {
    if (left_of(user, now).count() > 0) return std::nullopt;
    const Account& account = accounts_.find(user)->second;
    return account.window + std::max<std::int64_t>(account.used / kShare, 1) * kWindow;
}

}  // namespace mailslot::office
