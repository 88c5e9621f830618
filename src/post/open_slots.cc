#include "post/open_slots.h"

#include <optional>

#include "model/fold.h"

namespace mailslot::post {

SlotBook* OpenSlots::meant_by(std::string_view spelling) {
    if (last_ != nullptr && last_->first == spelling) return last_->second;
    auto seen = spellings_.find(spelling);
    if (seen == spellings_.end()) {
        const std::optional<std::string> key = fold(spelling);
        if (spellings_.size() >= kMaxSpellings) forget_spellings();
        seen = spellings_.emplace(spelling, key ? find(*key) : nullptr).first;
    }
    last_ = &*seen;
    return seen->second;
}

SlotBook* OpenSlots::find(std::string_view key) {
    const auto found = slots_.find(key);
    return found != slots_.end() ? &found->second : nullptr;
}

const SlotBook* OpenSlots::find(std::string_view key) const {
    const auto found = slots_.find(key);
    return found != slots_.end() ? &found->second : nullptr;
}

SlotBook& OpenSlots::open(std::string_view key, Clock::Instant since) {
    SlotBook& slot = slots_[std::string(key)];
    slot.key = key;
    slot.opened_at = since;
    forget_spellings();
    return slot;
}

void OpenSlots::close(SlotBook& slot) {
    slots_.erase(std::string(slot.key));  // a copy, because erase() destroys the slot's key
    forget_spellings();
}

void OpenSlots::forget_spellings() {
    last_ = nullptr;
    spellings_.clear();
}

}  // namespace mailslot::post
