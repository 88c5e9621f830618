// The messages of a block, decoded part by part.
#pragma once

#include <cstddef>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "store/columns.h"
#include "store/frame.h"
#include "store/stored_message.h"

namespace mailslot::store {

struct Block;

// Keeps its memory from block to block. Threads: one at a time.
class BlockMessages {
public:
    // The order of the calls: sources, columns, texts. Texts may come before columns, which then
    // check their size.
    // Errors: bad_packet.
    Result<void> load_sources(const Block& block);
    Result<void> load_columns(const Block& block, std::string_view frame);
    Result<void> load_texts(std::string_view frame);
    Result<void> load(const Block& block, std::string_view columns, std::string_view texts);

    // Returns whether the texts have the size that the columns say. Errors: bad_packet.
    Result<void> check() const;

    const std::vector<Source>& sources() const { return sources_; }
    std::span<const Row> rows() const { return rows_; }
    std::string_view texts() const { return texts_; }                     // label blocks, too
    std::size_t text_at(std::size_t row) const { return text_at_[row]; }  // behind the labels

    std::size_t size() const { return rows_.size(); }
    StoredMessage operator[](std::size_t row) const;  // borrows until the next load

private:
    Position first_{};
    Decompressor decompressor_;
    std::string scratch_;
    std::vector<Source> sources_;
    std::vector<Row> rows_;
    std::vector<std::size_t> text_at_;
    std::size_t texts_bytes_ = 0;  // by the columns
    std::string texts_;
};

}  // namespace mailslot::store
