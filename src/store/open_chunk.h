// The chunk that a keeper fills, in memory.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "store/columns.h"
#include "store/frame.h"
#include "store/sources.h"
#include "store/stored_message.h"
#include "store/token_filter.h"

namespace mailslot::store {

// Times and levels of a block, which tell most searches whether they need the block.
struct Extent {
    std::int64_t first_us = 0, last_us = 0;  // times of keeping, least and most
    // Level codes as in Row, least and most; 0: no message has a level.
    std::uint16_t lowest_level = 0, highest_level = 0;
};

// A block of rows, encoded. The filter is empty for a batch.
struct EncodedBlock {
    std::uint32_t first_row = 0, rows = 0;
    Extent extent{};
    std::string sources, columns, texts, filter;

    std::size_t bytes() const {
        return sources.size() + columns.size() + texts.size() + filter.size();
    }
};

class OpenChunk {
public:
    // Returns false if the message does not fit and the chunk must be packed first.
    bool append(const StoredMessage& message);
    bool is_full() const;
    std::size_t rows() const { return rows_.size(); }

    // Encode the rows from `first` on. The block is valid until the next call.
    const EncodedBlock& encode_batch(std::size_t first);
    const EncodedBlock& encode_chunk();
    void clear();

private:
    void encode(std::size_t first);

    std::vector<Row> rows_;
    std::string texts_;
    SourceTable sources_;
    WordSet words_;
    Compressor compressor_;
    std::string scratch_;
    EncodedBlock block_;
};

}  // namespace mailslot::store
