#include "store/store_reader.h"

#include <algorithm>
#include <limits>
#include <utility>

#include "store/block_messages.h"
#include "store/limits.h"
#include "store/schema.h"

namespace mailslot::store {
namespace {

#define MAILSLOT_SHARED "rows, first_us, last_us, lowest_level, highest_level, sources"

constexpr const char* kChunkAfter = "SELECT id, 0, " MAILSLOT_SHARED
                                    " FROM chunks WHERE id >= ?1 AND (id > ?1 OR rows > ?2)"
                                    " ORDER BY id LIMIT 1";
constexpr const char* kChunkBefore = "SELECT id, 0, " MAILSLOT_SHARED
                                     " FROM chunks WHERE id <= ?1 AND (id < ?1 OR ?2 > 0)"
                                     " ORDER BY id DESC LIMIT 1";
constexpr const char* kBatchAfter = "SELECT chunk, first_row, " MAILSLOT_SHARED
                                    ", columns, texts FROM newest"
                                    " WHERE chunk >= ?1 AND (chunk > ?1 OR first_row + rows > ?2)"
                                    " AND chunk < ?3"
                                    " ORDER BY chunk, first_row LIMIT 1";
constexpr const char* kBatchBefore = "SELECT chunk, first_row, " MAILSLOT_SHARED
                                     ", columns, texts FROM newest"
                                     " WHERE (chunk, first_row) < (?1, ?2) AND chunk > ?3"
                                     " ORDER BY chunk DESC, first_row DESC LIMIT 1";
constexpr const char* kBatches = "SELECT chunk, first_row, " MAILSLOT_SHARED
                                 ", columns, texts FROM newest WHERE chunk = ? ORDER BY first_row";

#undef MAILSLOT_SHARED

constexpr int kBatchColumns = 8;  // place of `columns` in a row of a batch

// SQLite's numbers have a sign.
constexpr auto kMostId = static_cast<std::uint64_t>(std::numeric_limits<std::int64_t>::max());

std::uint16_t level_code(const Statement& row, int column) {
    if (row.is_null(column)) return 0;
    return static_cast<std::uint16_t>(std::clamp<std::int64_t>(row.number(column), 0, kMaxLevel) +
                                      1);
}

Result<Block> block_of(const Statement& row, bool is_packed) {
    const std::int64_t chunk = row.number(0), first_row = row.number(1), rows = row.number(2);
    const auto most = static_cast<std::int64_t>(kMaxRows);
    if (chunk < 1 || first_row < 0 || first_row > most || rows < 1 || rows > most)
        return Error{Errc::bad_packet, "block has impossible numbers"};
    Block block;
    block.first = {static_cast<std::uint64_t>(chunk), static_cast<std::uint32_t>(first_row)};
    block.rows = static_cast<std::uint32_t>(rows);
    block.extent = {row.number(3), row.number(4), level_code(row, 5), level_code(row, 6)};
    block.is_packed = is_packed;
    block.sources = row.bytes(7);
    if (is_packed) return block;
    block.columns = row.bytes(kBatchColumns);
    block.texts = row.bytes(kBatchColumns + 1);
    return block;
}

}  // namespace

StoreReader::StoreReader(Database& database)
    : database_(&database),
      chunk_after_{kChunkAfter},
      chunk_before_{kChunkBefore},
      batch_after_{kBatchAfter},
      batch_before_{kBatchBefore},
      columns_{"SELECT data FROM columns WHERE id = ?"},
      texts_{"SELECT data FROM texts WHERE id = ?"},
      filter_{"SELECT data FROM filters WHERE id = ?"} {}

StoreReader::StoreReader(Database&& own) : StoreReader(own) {
    own_ = std::move(own);
    database_ = nullptr;
}

Result<StoreReader> StoreReader::open(const std::string& path) {
    if (auto checked = check_path(path, Database::Mode::read); !checked) return checked.error();
    auto database = Database::open(path, Database::Mode::read);
    if (!database) return database.error();
    const auto state = check_schema(*database);
    if (!state) return state.error();
    if (*state == FileState::empty)
        return Error{Errc::bad_packet, "open store", 0, "the file is empty"};
    return StoreReader(std::move(*database));
}

Result<void> StoreReader::prepare(Part& part) {
    auto prepared = database().prepare(part.sql);
    if (!prepared) return prepared.error();
    part.statement = std::move(*prepared);
    part.sql = nullptr;
    return {};
}

Result<std::optional<Block>> StoreReader::find(Part& part, Position position, std::uint64_t bound) {
    if (part.sql != nullptr) {
        if (auto prepared = prepare(part); !prepared) return prepared.error();
    }
    Statement& row = part.statement;
    row.bind(1, std::min(position.chunk, kMostId)).bind(2, std::uint64_t{position.row});
    if (&part == &batch_after_ || &part == &batch_before_) row.bind(3, bound);
    const auto stepped = row.step();
    if (!stepped) return stepped.error();
    if (!*stepped) return std::optional<Block>();
    auto block = block_of(row, &part == &chunk_after_ || &part == &chunk_before_);
    row.reset();
    if (!block) return block.error();
    return std::optional(std::move(*block));
}

Result<std::optional<Block>> StoreReader::block_at_or_after(Position position) {
    auto chunk = find(chunk_after_, position);
    if (!chunk) return chunk;
    // Batches before a chunk are rare: a keeper left them because one of them is damaged.
    auto batch = find(batch_after_, position, *chunk ? (*chunk)->first.chunk : kMostId);
    return !batch || *batch ? batch : chunk;
}

Result<std::optional<Block>> StoreReader::block_before(Position position) {
    auto chunk = find(chunk_before_, position);
    if (!chunk) return chunk;
    auto batch = find(batch_before_, position, *chunk ? (*chunk)->first.chunk : 0);
    return !batch || *batch ? batch : chunk;
}

Result<std::optional<std::string_view>> StoreReader::part(Part& part, std::uint64_t chunk) {
    if (part.sql != nullptr) {
        if (auto prepared = prepare(part); !prepared) return prepared.error();
    }
    const auto stepped = part.statement.bind(1, std::min(chunk, kMostId)).step();
    if (!stepped) return stepped.error();
    if (!*stepped) return std::optional<std::string_view>();
    part.data = part.statement.bytes(0);  // a statement in use would hold a transaction
    part.statement.reset();
    return std::optional<std::string_view>(part.data);
}

Result<std::optional<std::string_view>> StoreReader::columns(std::uint64_t chunk) {
    return part(columns_, chunk);
}
Result<std::optional<std::string_view>> StoreReader::texts(std::uint64_t chunk) {
    return part(texts_, chunk);
}
Result<std::optional<std::string_view>> StoreReader::filter(std::uint64_t chunk) {
    return part(filter_, chunk);
}

Result<std::size_t> StoreReader::load_open_chunk(std::uint64_t chunk, OpenChunk& into) {
    auto batches = database().prepare(kBatches);
    if (!batches) return batches.error();
    batches->bind(1, chunk);
    BlockMessages messages;
    std::size_t count = 0;
    while (true) {
        const auto stepped = batches->step();
        if (!stepped) return stepped.error();
        if (!*stepped) return count;
        const auto block = block_of(*batches, false);
        if (!block) return block.error();
        if (block->first.row != into.rows()) return Error{Errc::bad_packet, "batch is missing"};
        if (auto loaded = messages.load(*block, block->columns, block->texts); !loaded)
            return loaded.error();
        for (std::size_t row = 0; row < messages.size(); ++row) {
            if (!into.append(messages[row]))
                return Error{Errc::bad_packet, "batches are too large"};
        }
        ++count;
    }
}

Result<std::vector<StoredEvent>> StoreReader::events() {
    auto rows = database().prepare(
        "SELECT at_us, kind, chunk, row, count, detail FROM events ORDER BY id LIMIT 100000");
    if (!rows) return rows.error();
    std::vector<StoredEvent> events;
    while (true) {
        const auto stepped = rows->step();
        if (!stepped) return stepped.error();
        if (!*stepped) return events;
        events.push_back({.at_us = rows->number(0),
                          .kind = std::string(rows->bytes(1)),
                          .position = {static_cast<std::uint64_t>(rows->number(2)),
                                       static_cast<std::uint32_t>(rows->number(3))},
                          .count = static_cast<std::uint64_t>(rows->number(4)),
                          .detail = std::string(rows->bytes(5))});
    }
}

}  // namespace mailslot::store
