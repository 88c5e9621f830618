#include "store/open_chunk.h"

#include <algorithm>
#include <span>

#include "base/check.h"
#include "store/limits.h"

namespace mailslot::store {
namespace {

Extent extent_of(std::span<const Row> rows) {
    Extent extent{.first_us = rows[0].kept_us, .last_us = rows[0].kept_us};
    for (const Row& row : rows) {
        extent.first_us = std::min(extent.first_us, row.kept_us);
        extent.last_us = std::max(extent.last_us, row.kept_us);
        if (row.level_code == 0) continue;
        extent.highest_level = std::max(extent.highest_level, row.level_code);
        extent.lowest_level = extent.lowest_level == 0
                                  ? row.level_code
                                  : std::min(extent.lowest_level, row.level_code);
    }
    return extent;
}

}  // namespace

bool OpenChunk::append(const StoredMessage& message) {
    MAILSLOT_CHECK(message.text.size() <= kMaxTextBytes && message.labels.size() <= kMaxLabelBytes);
    if (rows_.size() == kMaxRows ||
        texts_.size() + message.text.size() + message.labels.size() > kMaxTextsBytes)
        return false;
    const auto source = sources_.index_of(message);
    if (!source) return false;
    rows_.push_back(
        {.kept_us = message.kept_us,
         .sent_us = message.sent_us,
         .sequence = message.sequence,
         .lost_before = message.lost_before,
         .labels_bytes = static_cast<std::uint32_t>(message.labels.size()),
         .text_bytes = static_cast<std::uint32_t>(message.text.size()),
         .source = *source,
         .level_code = static_cast<std::uint16_t>(message.level ? *message.level + 1 : 0)});
    texts_ += message.labels;
    texts_ += message.text;
    return true;
}

bool OpenChunk::is_full() const {
    return texts_.size() + rows_.size() * kRowBytes >= kChunkBytes || rows_.size() == kMaxRows;
}

void OpenChunk::encode(std::size_t first) {
    MAILSLOT_CHECK(first < rows_.size());
    const std::span<const Row> rows = std::span(rows_).subspan(first);
    block_.first_row = static_cast<std::uint32_t>(first);
    block_.rows = static_cast<std::uint32_t>(rows.size());
    block_.extent = extent_of(rows);
    block_.filter.clear();
    compressor_.compress(sources_.encoded(), block_.sources);
    encode_columns(rows, sources_.all().size(), scratch_);
    compressor_.compress(scratch_, block_.columns);
    std::size_t at = 0;
    for (const Row& row : std::span(rows_).first(first)) at += row.labels_bytes + row.text_bytes;
    compressor_.compress(std::string_view(texts_).substr(at), block_.texts);
}

const EncodedBlock& OpenChunk::encode_batch(std::size_t first) {
    encode(first);
    return block_;
}

const EncodedBlock& OpenChunk::encode_chunk() {
    encode(0);
    std::size_t at = 0;
    for (const Row& row : rows_) {
        words_.add_words_of(std::string_view(texts_).substr(at + row.labels_bytes, row.text_bytes));
        at += row.labels_bytes + row.text_bytes;
    }
    words_.take_filter(block_.filter);
    return block_;
}

void OpenChunk::clear() {
    rows_.clear();
    sources_.clear();
    texts_.clear();
    if (texts_.capacity() > 4 * kChunkBytes) texts_ = {};  // after a huge message
}

}  // namespace mailslot::store
