#include "post/item_maker.h"

#include <algorithm>

namespace mailslot::post {
namespace {

// Whether their metas differ in nothing but lost_before.
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
        if (items_.size() == at_most) break;
        const Envelope& shared = parcel.envelope;
        inbox::Item item{inbox::RecordKind::network,
                         shared.format,
                         shared.origin,
                         shared.sequence,
                         shared.sent_at_us,
                         meta_for(shared, shared.lost_before),
                         shared.payload};
        if (parcel.contents.empty()) items_.push_back(item);
        const std::size_t count = std::min(parcel.contents.size(), at_most - items_.size());
        for (const Content& content : parcel.contents.first(count)) {
            item.format = content.format;
            item.sent_at_us = content.sent_at_us;
            item.payload = content.payload;
            items_.push_back(item);
            ++item.sequence;
            if (shared.lost_before > 0) item.meta = meta_for(shared, 0);  // only the first one's
        }
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

}  // namespace mailslot::post
