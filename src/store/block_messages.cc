#include "store/block_messages.h"

#include "store/limits.h"
#include "store/store_reader.h"
#include "wire/labels.h"

namespace mailslot::store {

Result<void> BlockMessages::load_sources(const Block& block) {
    if (auto done = decompressor_.decompress(block.sources, kMaxSourcesBytes, scratch_); !done)
        return done;
    auto sources = decode_sources(scratch_);
    if (!sources) return sources.error();
    sources_ = std::move(*sources);
    return {};
}

Result<void> BlockMessages::load_columns(const Block& block, std::string_view frame) {
    first_ = block.first;
    if (auto done = decompressor_.decompress(frame, columns_bound(kMaxRows), scratch_); !done)
        return done;
    const auto bytes = decode_columns(scratch_, sources_.size(), rows_);
    if (!bytes) return bytes.error();
    if (rows_.size() != block.rows)
        return Error{Errc::bad_packet, "block has another number of rows"};
    texts_bytes_ = *bytes;
    text_at_.resize(rows_.size());
    std::size_t at = 0;
    for (std::size_t row = 0; row < rows_.size(); ++row) {
        text_at_[row] = at + rows_[row].labels_bytes;
        at = text_at_[row] + rows_[row].text_bytes;
    }
    return {};
}

Result<void> BlockMessages::load_texts(std::string_view frame) {
    return decompressor_.decompress(frame, kMaxTextsBytes, texts_);
}

Result<void> BlockMessages::check() const {
    if (texts_.size() != texts_bytes_) return Error{Errc::bad_packet, "texts have a wrong size"};
    return {};
}

Result<void> BlockMessages::load(const Block& block, std::string_view columns,
                                 std::string_view texts) {
    if (auto done = load_sources(block); !done) return done;
    if (auto done = load_columns(block, columns); !done) return done;
    if (auto done = load_texts(texts); !done) return done;
    return check();
}

StoredMessage BlockMessages::operator[](std::size_t index) const {
    const Row& row = rows_[index];
    const Source& source = sources_[row.source];
    const std::string_view texts = texts_;
    const std::string_view labels =
        texts.substr(text_at_[index] - row.labels_bytes, row.labels_bytes);
    const auto block_size = wire::label_block_size(labels);
    StoredMessage message{
        .slot = source.slot,
        .host = source.host,
        .address = source.address,
        .origin = source.origin,
        .sequence = row.sequence,
        .lost_before = row.lost_before,
        .trust = source.trust,
        .format = source.format,
        .kept_us = row.kept_us,
        .sent_us = row.sent_us,
        .text = texts.substr(text_at_[index], row.text_bytes),
        .position = {first_.chunk, first_.row + static_cast<std::uint32_t>(index)}};
    if (row.level_code > 0) message.level = static_cast<std::uint16_t>(row.level_code - 1);
    if (block_size && *block_size == labels.size()) message.labels = labels;
    return message;
}

}  // namespace mailslot::store
