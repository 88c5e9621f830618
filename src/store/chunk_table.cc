#include "store/chunk_table.h"

namespace mailslot::store {
namespace {

// Binds the columns that chunks and batches share, from `place` on.
void bind_block(Statement& statement, int place, const EncodedBlock& block) {
    statement.bind(place, std::uint64_t{block.rows})
        .bind(place + 1, block.extent.first_us)
        .bind(place + 2, block.extent.last_us);
    if (block.extent.lowest_level == 0) {
        statement.bind_null(place + 3).bind_null(place + 4);
    } else {
        statement.bind(place + 3, std::uint64_t{block.extent.lowest_level} - 1)
            .bind(place + 4, std::uint64_t{block.extent.highest_level} - 1);
    }
    statement.bind_blob(place + 5, block.sources);
}

Result<void> insert_data(Statement& statement, std::uint64_t id, std::string_view data) {
    return statement.bind(1, id).bind_blob(2, data).run();
}

// Returns the only number that the statement finds.
Result<std::uint64_t> number_of(Statement& statement) {
    const auto stepped = statement.step();
    if (!stepped) return stepped.error();
    const std::uint64_t number = *stepped ? static_cast<std::uint64_t>(statement.number(0)) : 0;
    statement.reset();
    return number;
}

}  // namespace

Result<ChunkTable> ChunkTable::prepare(Database& database) {
    ChunkTable table;
    const struct {
        Statement ChunkTable::*statement;
        const char* sql;
    } all[] = {
        {&ChunkTable::insert_chunk_, "INSERT INTO chunks VALUES (?, ?, ?, ?, ?, ?, ?)"},
        {&ChunkTable::insert_columns_, "INSERT INTO columns VALUES (?, ?)"},
        {&ChunkTable::insert_texts_, "INSERT INTO texts VALUES (?, ?)"},
        {&ChunkTable::insert_filter_, "INSERT INTO filters VALUES (?, ?)"},
        {&ChunkTable::insert_batch_, "INSERT INTO newest VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)"},
        {&ChunkTable::delete_batches_, "DELETE FROM newest WHERE chunk = ?"},
        {&ChunkTable::insert_event_, "INSERT INTO events VALUES (NULL, ?, ?, ?, ?, ?, ?)"},
        {&ChunkTable::oldest_, "SELECT id, last_us FROM chunks ORDER BY id LIMIT 1"},
        {&ChunkTable::page_count_, "PRAGMA page_count"},
        {&ChunkTable::free_pages_, "PRAGMA freelist_count"},
        {&ChunkTable::page_size_, "PRAGMA page_size"},
        {&ChunkTable::delete_chunk_, "DELETE FROM chunks WHERE id = ?"},
        {&ChunkTable::delete_columns_, "DELETE FROM columns WHERE id = ?"},
        {&ChunkTable::delete_texts_, "DELETE FROM texts WHERE id = ?"},
        {&ChunkTable::delete_filter_, "DELETE FROM filters WHERE id = ?"},
    };
    for (const auto& [statement, sql] : all) {
        auto prepared = database.prepare(sql);
        if (!prepared) return prepared.error();
        table.*statement = std::move(*prepared);
    }
    return table;
}

Result<void> ChunkTable::insert_chunk(std::uint64_t id, const EncodedBlock& block) {
    bind_block(insert_chunk_.bind(1, id), 2, block);
    if (auto done = insert_chunk_.run(); !done) return done;
    if (auto done = insert_data(insert_columns_, id, block.columns); !done) return done;
    if (auto done = insert_data(insert_texts_, id, block.texts); !done) return done;
    return insert_data(insert_filter_, id, block.filter);
}

Result<void> ChunkTable::insert_batch(std::uint64_t id, const EncodedBlock& block) {
    bind_block(insert_batch_.bind(1, id).bind(2, std::uint64_t{block.first_row}), 3, block);
    return insert_batch_.bind_blob(9, block.columns).bind_blob(10, block.texts).run();
}

Result<void> ChunkTable::delete_batches(std::uint64_t id) {
    return delete_batches_.bind(1, id).run();
}

Result<void> ChunkTable::insert_event(const Event& event) {
    return insert_event_.bind(1, event.at_us)
        .bind_text(2, event.kind)
        .bind(3, event.position.chunk)
        .bind(4, std::uint64_t{event.position.row})
        .bind(5, event.count)
        .bind_text(6, event.detail)
        .run();
}

Result<std::optional<OldestChunk>> ChunkTable::oldest() {
    const auto stepped = oldest_.step();
    if (!stepped) return stepped.error();
    if (!*stepped) return std::optional<OldestChunk>();
    const OldestChunk found{static_cast<std::uint64_t>(oldest_.number(0)), oldest_.number(1)};
    oldest_.reset();
    return std::optional(found);
}

Result<void> ChunkTable::delete_chunk(std::uint64_t id) {
    for (Statement* const statement :
         {&delete_chunk_, &delete_columns_, &delete_texts_, &delete_filter_}) {
        if (auto done = statement->bind(1, id).run(); !done) return done;
    }
    return {};
}

Result<std::uint64_t> ChunkTable::used_bytes() {
    const auto pages = number_of(page_count_), free = number_of(free_pages_),
               size = number_of(page_size_);
    if (!pages) return pages.error();
    if (!free) return free.error();
    if (!size) return size.error();
    return (*pages - *free) * *size;
}

}  // namespace mailslot::store
