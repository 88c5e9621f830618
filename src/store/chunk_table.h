// The statements by which a keeper changes a store.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

#include "store/database.h"
#include "store/open_chunk.h"

namespace mailslot::store {

struct OldestChunk {
    std::uint64_t id = 0;
    std::int64_t last_us = 0;
};

struct Event {
    std::int64_t at_us = 0;
    std::string_view kind{};
    Position position{};  // of the next message
    std::uint64_t count = 0;
    std::string_view detail{};
};

// Threads: one. Errors of all: those of Statement::step().
class ChunkTable {
public:
    static Result<ChunkTable> prepare(Database& database);

    Result<void> insert_chunk(std::uint64_t id, const EncodedBlock& block);
    Result<void> insert_batch(std::uint64_t id, const EncodedBlock& block);
    Result<void> delete_batches(std::uint64_t id);
    Result<void> insert_event(const Event& event);
    // Returns nullopt if there is no chunk.
    Result<std::optional<OldestChunk>> oldest();
    Result<void> delete_chunk(std::uint64_t id);
    Result<std::uint64_t> used_bytes();  // by pages that hold anything

private:
    Statement insert_chunk_, insert_columns_, insert_texts_, insert_filter_, insert_batch_;
    Statement delete_batches_, insert_event_, oldest_, page_count_, free_pages_, page_size_;
    Statement delete_chunk_, delete_columns_, delete_texts_, delete_filter_;
};

}  // namespace mailslot::store
