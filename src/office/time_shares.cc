#include "office/time_shares.h"

#include <algorithm>

namespace mailslot::office {
namespace {

constexpr std::size_t kMostAccounts = 1024;
constexpr Clock::Instant::duration kMostDebt = 10 * TimeShares::kShare;  // the shares of a second

}  // namespace

// Time above the share of a window is taken from the next windows.
Clock::Instant::duration TimeShares::used_of(const Account& account, Clock::Instant now) {
    const auto windows = (now - account.window) / kWindow;
    const Clock::Instant::duration given = windows * Clock::Instant::duration(kShare);
    return std::max(account.used - given, Clock::Instant::duration::zero());
}

void TimeShares::charge(std::uint32_t user, Clock::Instant::duration took, Clock::Instant now) {
    if (accounts_.size() >= kMostAccounts) {
        std::erase_if(accounts_, [now](const auto& entry) {
            return used_of(entry.second, now) == Clock::Instant::duration::zero();
        });
    }
    Account& account = accounts_[user];
    account.used = std::min(used_of(account, now) + took, kMostDebt);
    account.window += (now - account.window) / kWindow * kWindow;
}

std::chrono::nanoseconds TimeShares::left_of(std::uint32_t user, Clock::Instant now) const {
    const auto found = accounts_.find(user);
    if (found == accounts_.end()) return kShare;
    const auto used = used_of(found->second, now);
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
    return account.window + account.used / kShare * kWindow;
}

}  // namespace mailslot::office
