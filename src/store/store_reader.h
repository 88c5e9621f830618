// Reads the blocks of a store, also while a keeper writes it: docs/history.md, "Reading".
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "store/database.h"
#include "store/open_chunk.h"
#include "store/stored_message.h"

namespace mailslot::store {

// A block without its parts: a chunk, or a batch of the newest chunk.
struct Block {
    Position first{};        // of its first row
    std::uint32_t rows = 0;  // as the file says; the columns decide
    Extent extent{};
    bool is_packed = true;
    std::string sources{};           // the frame
    std::string columns{}, texts{};  // the frames of a batch, which may be packed meanwhile
};

struct StoredEvent {
    std::int64_t at_us = 0;
    std::string kind{};
    Position position{};
    std::uint64_t count = 0;
    std::string detail{};
};

// Threads: one.
class StoreReader {
public:
    // Errors: no_permission, no_resources, timed_out, bad_packet (the file is no store, or damaged).
    static Result<StoreReader> open(const std::string& path);
    explicit StoreReader(Database& database);  // borrows the keeper's own

    // Keeps chunks and batches from changing places between calls. Hold it for a moment only: the
    // keeper's WAL grows meanwhile.
    Result<ReadTransaction> transaction() { return ReadTransaction::begin(database()); }

    // Both must be called inside a transaction.
    // Returns the first block that ends behind `position`; nullopt if there is none yet.
    Result<std::optional<Block>> block_at_or_after(Position position);
    // Returns the last block that begins before `position`; nullopt if there is none.
    Result<std::optional<Block>> block_before(Position position);

    // The parts of a packed chunk. Borrowed until the next call for the same part. nullopt:
    // retention has removed the chunk.
    Result<std::optional<std::string_view>> columns(std::uint64_t chunk);
    Result<std::optional<std::string_view>> texts(std::uint64_t chunk);
    Result<std::optional<std::string_view>> filter(std::uint64_t chunk);

    // Appends the messages of the chunk's batches. Returns the number of batches.
    Result<std::size_t> load_open_chunk(std::uint64_t chunk, OpenChunk& into);

    Result<std::vector<StoredEvent>> events();  // all, oldest first

private:
    struct Part {
        const char* sql;
        Statement statement{};
        std::string data{};
    };
    Result<std::optional<std::string_view>> part(Part& part, std::uint64_t chunk);
    // Runs a statement with a position, and returns the block that it finds. `bound`: only batches
    // on this side of that chunk.
    Result<std::optional<Block>> find(Part& part, Position position, std::uint64_t bound = 0);
    Result<void> prepare(Part& part);

    std::optional<Database> own_{};
    Database* database_;  // null: own_
    Database& database() { return database_ != nullptr ? *database_ : *own_; }
    explicit StoreReader(Database&& own);
    Part chunk_after_, chunk_before_, batch_after_, batch_before_, columns_, texts_, filter_;
};

}  // namespace mailslot::store
