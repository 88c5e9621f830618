#include "store/store_writer.h"

#include <utility>

#include "os/folder.h"
#include "store/chunk_table.h"
#include "store/database.h"
#include "store/limits.h"
#include "store/open_chunk.h"
#include "store/schema.h"
#include "store/store_reader.h"

namespace mailslot::store {
namespace {

constexpr int kMostRemoved = 64;  // chunks that retention removes in one commit, to bound its time
// Events kept beside the chunks; each has some 100 bytes.
constexpr const char* kTrimEvents =
    "DELETE FROM events WHERE id <= (SELECT max(id) FROM events) - 10000";

}  // namespace

// Stages: open -> (append ... commit)*. A failure leads to give_up(), and after a pause to resume().
struct StoreWriter::State {
    State(os::GuardedFd held, Database opened, const Retention& bounds, const Clock& time)
        : lock(std::move(held)), database(std::move(opened)), retention(bounds), clock(time) {}

    Result<void> resume();
    Result<void> load_batches();
    void append(const StoredMessage& message);
    void leave_out();
    void note(std::string_view kind, std::uint64_t count, std::string_view detail);
    void commit();
    Result<void> begin();
    Result<void> pack();
    Result<void> store_batch();
    Result<void> remove_oldest(std::uint64_t more_bytes);  // makes room for these
    Result<void> commit_all();
    void give_up(const Error& error);
    void close();
    Position next() const { return {chunk_id, static_cast<std::uint32_t>(open_chunk.rows())}; }

    os::GuardedFd lock;  // closed after the database: closing it ends SQLite's own locks
    std::optional<Database> database;  // none: closed
    const Retention retention;
    const Clock& clock;
    std::optional<ChunkTable> table{};
    OpenChunk open_chunk{};
    std::uint64_t chunk_id = 1;   // of the open chunk
    std::size_t stored_rows = 0;  // of the open chunk, in batches
    std::size_t batches = 0;      // of the open chunk
    bool in_transaction = false;
    std::uint64_t uncommitted = 0;   // messages taken since the last commit
    std::uint64_t unreported = 0;    // messages not stored, which no event tells of yet
    std::optional<Error> trouble{};  // set: nothing is stored at the moment
    Clock::Instant retry_at{};
    WriterCounters counters{};
};

Result<StoreWriter> StoreWriter::open(const std::string& path, const Retention& retention,
                                      const Clock& clock) {
    if (auto checked = check_path(path, Database::Mode::write); !checked) return checked.error();
    auto lock = os::try_lock_file(path);
    if (!lock) return lock.error();
    if (!*lock) return Error{Errc::slot_exists, "open store", 0, "another keeper writes " + path};
    auto database = Database::open(path, Database::Mode::write);
    if (!database) return database.error();
    const auto found = check_schema(*database);
    if (!found) return found.error();
    // Large pages suit large values. The WAL must not stay large after a slow reader.
    if (auto done =
            database->run("PRAGMA page_size = 16384; PRAGMA journal_mode = WAL; "
                          "PRAGMA synchronous = NORMAL; PRAGMA journal_size_limit = 16777216; "
                          "PRAGMA wal_autocheckpoint = 512");
        !done)
        return done.error();
    if (*found == FileState::empty) {
        if (auto made = make_schema(*database); !made) return made.error();
    }
    auto state = std::make_unique<State>(std::move(*lock), std::move(*database), retention, clock);
    if (auto resumed = state->resume(); !resumed) return resumed.error();
    return StoreWriter(std::move(state));
}

StoreWriter::StoreWriter(std::unique_ptr<State> state) : state_(std::move(state)) {}
StoreWriter::StoreWriter(StoreWriter&&) noexcept = default;
StoreWriter& StoreWriter::operator=(StoreWriter&&) noexcept = default;
StoreWriter::~StoreWriter() { close(); }

void StoreWriter::append(const StoredMessage& message) { state_->append(message); }
void StoreWriter::note(std::string_view kind, std::uint64_t count, std::string_view detail) {
    state_->note(kind, count, detail);
}
void StoreWriter::commit() { state_->commit(); }
bool StoreWriter::has_uncommitted() const {
    return state_->in_transaction || state_->uncommitted > 0 || state_->trouble.has_value();
}
const WriterCounters& StoreWriter::counters() const { return state_->counters; }
const std::optional<Error>& StoreWriter::trouble() const { return state_->trouble; }
Position StoreWriter::next_position() const { return state_->next(); }
void StoreWriter::close() {
    if (state_ == nullptr) return;
    state_->close();
}

// Takes up where the file ends: after open(), or after a transaction was given up.
Result<void> StoreWriter::State::resume() {
    open_chunk.clear();
    stored_rows = batches = 0;
    if (!table) {
        auto prepared = ChunkTable::prepare(*database);
        if (!prepared) return prepared.error();
        table = std::move(*prepared);
    }
    const auto last = database->number(
        "SELECT max(coalesce((SELECT max(id) FROM chunks), 0), "
        "coalesce((SELECT max(chunk) - 1 FROM newest), 0))");
    if (!last) return last.error();
    chunk_id = static_cast<std::uint64_t>(*last) + 1;
    return load_batches();
}

// Continues the chunk of the batches. If one is damaged, leaves them to the readers, and begins the
// next chunk.
Result<void> StoreWriter::State::load_batches() {
    StoreReader reader(*database);
    const auto loaded = reader.load_open_chunk(chunk_id, open_chunk);
    if (!loaded && loaded.error().code != Errc::bad_packet) return loaded.error();
    if (!loaded) {
        open_chunk.clear();
        ++chunk_id;
        return {};
    }
    batches = *loaded;
    stored_rows = open_chunk.rows();
    return {};
}

void StoreWriter::State::append(const StoredMessage& message) {
    ++counters.taken;
    if (trouble || message.text.size() > kMaxTextBytes) return leave_out();
    if (!open_chunk.append(message)) {
        if (auto packed = pack(); !packed) {
            give_up(packed.error());
            return leave_out();
        }
        if (!open_chunk.append(message)) return leave_out();
    }
    ++uncommitted;
    if (!open_chunk.is_full()) return;
    if (auto packed = pack(); !packed) give_up(packed.error());
}

void StoreWriter::State::leave_out() {
    ++counters.not_stored;
    ++unreported;
}

void StoreWriter::State::note(std::string_view kind, std::uint64_t count, std::string_view detail) {
    if (trouble) return;
    auto noted = begin();
    if (noted) {
        noted = table->insert_event({.at_us = clock.unix_microseconds(),
                                     .kind = kind,
                                     .position = next(),
                                     .count = count,
                                     .detail = detail});
    }
    if (!noted) give_up(noted.error());
}

Result<void> StoreWriter::State::begin() {
    if (in_transaction) return {};
    auto begun = database->run("BEGIN IMMEDIATE");
    in_transaction = begun.has_value();
    return begun;
}

Result<void> StoreWriter::State::pack() {
    if (auto begun = begin(); !begun) return begun;
    const EncodedBlock& block = open_chunk.encode_chunk();
    // First, so that the chunk takes the place of the oldest and the file does not grow.
    if (auto done = remove_oldest(block.bytes()); !done) return done;
    if (auto done = table->insert_chunk(chunk_id, block); !done) return done;
    if (batches > 0) {
        if (auto done = table->delete_batches(chunk_id); !done) return done;
    }
    open_chunk.clear();
    ++chunk_id;
    ++counters.chunks;
    stored_rows = batches = 0;
    return {};
}

void StoreWriter::State::commit() {
    if (trouble) {
        if (clock.now() < retry_at) return;
        if (auto resumed = resume(); !resumed) return give_up(resumed.error());
        trouble.reset();
    } else if (!in_transaction && uncommitted == 0) {
        if (retention.max_age.count() == 0) return;
    }
    if (auto done = commit_all(); !done) give_up(done.error());
}

Result<void> StoreWriter::State::commit_all() {
    if (unreported > 0) {
        note("not_stored", unreported, "too big, or no room on the disk");
        if (trouble) return *trouble;
    }
    if (auto done = store_batch(); !done) return done;
    if (auto done = remove_oldest(0); !done) return done;
    if (in_transaction) {
        if (auto done = database->run("COMMIT"); !done) return done;
    }
    in_transaction = false;
    counters.stored += std::exchange(uncommitted, 0);
    unreported = 0;
    return {};
}

Result<void> StoreWriter::State::store_batch() {
    if (open_chunk.rows() == stored_rows) return {};
    if (batches + 1 >= kMaxBatches) return pack();
    if (auto begun = begin(); !begun) return begun;
    if (auto done = table->insert_batch(chunk_id, open_chunk.encode_batch(stored_rows)); !done)
        return done;
    stored_rows = open_chunk.rows();
    ++batches;
    return {};
}

Result<void> StoreWriter::State::remove_oldest(std::uint64_t more_bytes) {
    for (int removed = 0; removed < kMostRemoved; ++removed) {
        const auto used = table->used_bytes();
        if (!used) return used.error();
        counters.file_bytes = *used;
        const bool too_large = retention.max_bytes > 0 && *used + more_bytes > retention.max_bytes;
        if (!too_large && retention.max_age.count() == 0) return {};
        const auto oldest = table->oldest();
        if (!oldest) return oldest.error();
        if (!*oldest) return {};
        const auto too_old = [&] {
            return retention.max_age.count() > 0 &&
                   (*oldest)->last_us < clock.unix_microseconds() - retention.max_age.count();
        };
        if (!too_large && !too_old()) return {};
        if (auto begun = begin(); !begun) return begun;
        if (auto done = table->delete_chunk((*oldest)->id); !done) return done;
        if (removed == 0) {
            if (auto done = database->run(kTrimEvents); !done) return done;
        }
    }
    return {};
}

// The transaction and its messages are lost. SQLite may have ended it already.
void StoreWriter::State::give_up(const Error& error) {
    if (in_transaction) (void)database->run("ROLLBACK");
    in_transaction = false;
    counters.not_stored += uncommitted;
    unreported += std::exchange(uncommitted, 0);
    open_chunk.clear();
    stored_rows = batches = 0;
    trouble = error;
    retry_at = clock.now() + kRetryGap;
}

void StoreWriter::State::close() {
    if (!database) return;
    retry_at = {};
    commit();
    if (!trouble && open_chunk.rows() > 0) {
        if (auto packed = pack(); !packed)
            give_up(packed.error());
        else
            commit();
    }
    table.reset();
    // Fails while a reader has the file open; its three files stay then.
    (void)database->run("PRAGMA busy_timeout = 0; PRAGMA journal_mode = DELETE");
    database.reset();
    lock = {};
}

}  // namespace mailslot::store
