#include "office/item_maker.h"

namespace mailslot::office {
namespace {

// Returns true if the metas of both differ at most in lost_before.
bool is_from_same(const Envelope& one, const Envelope& other) {
    return one.trust == other.trust && one.from_address == other.from_address &&
           one.from_host == other.from_host;
}

}  // namespace

std::span<const inbox::Item> ItemMaker::make(std::span<const Parcel> parcels, std::size_t at_most) {
    items_.clear();
    metas_used_ = 0;
    meta_sender_ = nullptr;
    for (const Parcel& parcel : parcels) {
        if (at_most == 0) break;
        const Envelope& shared = parcel.envelope;
        inbox::Item item{inbox::RecordKind::network,
                         shared.format,
                         shared.origin,
                         shared.sequence,
                         shared.sent_at_us,
                         meta_for(shared, shared.lost_before),
                         shared.payload,
                         parcel.contents.first(at_most)};
        at_most -= item.size();
        if (item.size() > 1 && shared.lost_before > 0) {  // reported by the first message only
            items_.push_back(item.front());
            item.remove_front();
            item.meta = meta_for(shared, 0);
        }
        items_.push_back(item);
    }
    return items_;
}

Bytes ItemMaker::meta_for(const Envelope& sender, std::uint64_t lost_before) {
    const bool is_same = meta_sender_ != nullptr && meta_tells_ == lost_before &&
                         is_from_same(*meta_sender_, sender);
    if (is_same) return meta_;
    meta_sender_ = &sender;
    meta_tells_ = lost_before;
    if (metas_used_ == metas_.size()) metas_.emplace_back();
    return meta_ = inbox::encode_meta(metas_[metas_used_++], {sender.from_address, sender.trust,
                                                              lost_before, sender.from_host});
}

}  // namespace mailslot::office
