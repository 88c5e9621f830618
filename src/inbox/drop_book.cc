#include "inbox/drop_book.h"

#include <utility>

#include "base/saturating.h"

namespace mailslot::inbox {

void DropBook::add(std::uint64_t origin, std::uint64_t dropped, std::uint64_t lost) {
    if (last_ != nullptr && last_origin_ == origin) {
        last_->dropped += dropped;
        count_up(last_->untold, lost);
        return;
    }
    const auto [found, is_new] = by_origin_.try_emplace(origin);
    Entry& entry = found->second;
    if (is_new) {
        entry.by_age = untold_.insert(untold_.end(), origin);
    } else {
        untold_.splice(untold_.end(), entry.untold == 0 ? told_ : untold_, entry.by_age);
    }
    entry.dropped += dropped;
    count_up(entry.untold, lost);
    last_ = &entry;
    last_origin_ = origin;
    if (by_origin_.size() > kMostOrigins) forget_one();
}

void DropBook::forget_one() {
    ByAge& ages = told_.empty() ? untold_ : told_;
    by_origin_.erase(ages.front());
    ages.pop_front();
}

std::uint64_t DropBook::take_untold(std::uint64_t origin) {
    const auto found = by_origin_.find(origin);
    if (found == by_origin_.end() || found->second.untold == 0) return 0;
    Entry& entry = found->second;
    told_.splice(told_.end(), untold_, entry.by_age);
    if (last_ == &entry) last_ = nullptr;
    return std::exchange(entry.untold, 0);
}

DropBook::Drops DropBook::dropped(std::uint64_t first, std::size_t most) const {
    Drops page;
    for (auto at = by_origin_.lower_bound(first); at != by_origin_.end() && page.size() < most;
         ++at) {
        page.emplace_back(at->first, at->second.dropped);
    }
    return page;
}

}  // namespace mailslot::inbox
