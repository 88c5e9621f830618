#include "mailslot/watch_book.h"

#include <algorithm>
#include <tuple>

namespace mailslot::cli {
namespace {

// Returns 0 for a decrease: losses may be taken back.
std::uint64_t grown(std::uint64_t now, std::uint64_t before) {
    return now > before ? now - before : 0;
}

double rate(std::uint64_t count, double seconds) {
    return seconds > 0 ? static_cast<double>(count) / seconds : 0;
}

}  // namespace

Picture WatchBook::add(Sample sample) {
    Picture picture;
    if (has_looked_) {
        picture.seconds = std::chrono::duration<double>(sample.at - before_).count();
    }
    picture.time = sample.time;
    picture.senders_left_out = sample.senders_left_out;
    picture.machine = std::move(sample.machine);
    std::ranges::sort(sample.slots, {}, &SlotInfo::name);
    for (const SlotInfo& slot : sample.slots) {
        picture.slots.push_back(row_of(slot, picture.seconds));
    }
    for (const auto& [slot, sender] : sample.senders) {
        picture.senders.push_back(row_of(slot, sender, picture.seconds));
    }
    std::ranges::stable_sort(picture.senders, [](const SenderRow& a, const SenderRow& b) {
        return std::tuple(a.lost_now, a.messages_per_second, a.sender.lost.total()) >
               std::tuple(b.lost_now, b.messages_per_second, b.sender.lost.total());
    });
    // Forget all slots and senders that were not seen this time.
    slots_.clear();
    for (const SlotRow& row : picture.slots) slots_[row.slot.name] = {row.slot, row.history};
    senders_.clear();
    for (auto& [slot, sender] : sample.senders) {
        senders_[{slot, sender.origin}] = std::move(sender);
    }
    before_ = sample.at;
    has_looked_ = true;
    return picture;
}

SlotRow WatchBook::row_of(const SlotInfo& slot, double seconds) {
    SlotRow row;
    row.slot = slot;
    // A new reader counts from 0, so all its messages came since the look before.
    SlotInfo before;
    if (const auto seen = slots_.find(slot.name); seen != slots_.end() &&
                                                  seen->second.info.reader_pid == slot.reader_pid &&
                                                  seen->second.info.received <= slot.received) {
        before = seen->second.info;
        row.history = std::move(seen->second.history);
    }
    row.messages_per_second = rate(grown(slot.received, before.received), seconds);
    row.bytes_per_second = rate(grown(slot.received_bytes, before.received_bytes), seconds);
    if (seconds > 0) {
        row.lost_now = grown(slot.lost.total(), before.lost.total());
        row.history.push_back(row.messages_per_second);
        if (row.history.size() > kHistory) row.history.pop_front();
    }
    return row;
}

SenderRow WatchBook::row_of(const std::string& slot, const SenderInfo& sender,
                            double seconds) const {
    SenderRow row{slot, sender};
    const auto seen = senders_.find({slot, sender.origin});
    const SenderInfo before = seen == senders_.end() ? SenderInfo() : seen->second;
    row.messages_per_second = rate(grown(sender.received, before.received), seconds);
    if (seconds > 0) row.lost_now = grown(sender.lost.total(), before.lost.total());
    return row;
}

}  // namespace mailslot::cli
