#include "inbox/drop_book.h"

namespace mailslot::inbox {

void DropBook::add(std::uint64_t origin, std::uint64_t count) {
    if (last_ != nullptr && last_origin_ == origin) {
        last_->count += count;
        return;
    }
    const auto [found, is_new] = by_origin_.try_emplace(origin);
    Entry& entry = found->second;
    if (is_new) {
        entry.by_age = by_age_.insert(by_age_.end(), origin);
    } else {
        by_age_.splice(by_age_.end(), by_age_, entry.by_age);
    }
    entry.count += count;
    last_ = &entry;
    last_origin_ = origin;
    if (by_origin_.size() <= kMostOrigins) return;
    by_origin_.erase(by_age_.front());
    by_age_.pop_front();
}

std::uint64_t DropBook::take(std::uint64_t origin) {
    const auto found = by_origin_.find(origin);
    if (found == by_origin_.end()) return 0;
    const std::uint64_t count = found->second.count;
    by_age_.erase(found->second.by_age);
    if (last_ == &found->second) last_ = nullptr;
    by_origin_.erase(found);
    return count;
}

}  // namespace mailslot::inbox
