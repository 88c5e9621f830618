#include "store/database.h"

#include <sqlite3.h>

#include <new>
#include <utility>

#include "store/limits.h"

namespace mailslot::store {
namespace {

constexpr int kBusyMs = 5000;  // another program may be in the middle of a transaction

// SQLite takes a null pointer for NULL, also of an empty text.
const char* place_of(std::string_view bytes) { return bytes.data() == nullptr ? "" : bytes.data(); }

Errc code_of(int result) {
    switch (result & 0xff) {
        case SQLITE_PERM:
        case SQLITE_AUTH:
        case SQLITE_READONLY:
        case SQLITE_CANTOPEN:
            return Errc::no_permission;
        case SQLITE_BUSY:
        case SQLITE_LOCKED:
            return Errc::timed_out;
        case SQLITE_NOMEM:
        case SQLITE_FULL:
        case SQLITE_IOERR:
            return Errc::no_resources;
        default:
            return Errc::bad_packet;  // SQLITE_CORRUPT, SQLITE_NOTADB, an unknown table
    }
}

Error error_of(sqlite3* database, int result) {
    const bool short_read = result == SQLITE_IOERR_SHORT_READ;
    return Error{short_read ? Errc::bad_packet : code_of(result), "use store",
                 database == nullptr ? 0 : sqlite3_system_errno(database),
                 database == nullptr ? sqlite3_errstr(result) : sqlite3_errmsg(database)};
}

}  // namespace

void Statement::Finalizer::operator()(sqlite3_stmt* statement) const {
    sqlite3_finalize(statement);
}

Statement& Statement::bind(int place, std::uint64_t number) {
    return bind(place, static_cast<std::int64_t>(number));
}
Statement& Statement::bind(int place, std::int64_t number) {
    sqlite3_bind_int64(statement_.get(), place, number);
    return *this;
}
Statement& Statement::bind_null(int place) {
    sqlite3_bind_null(statement_.get(), place);
    return *this;
}
Statement& Statement::bind_blob(int place, std::string_view bytes) {
    sqlite3_bind_blob64(statement_.get(), place, place_of(bytes), bytes.size(), SQLITE_STATIC);
    return *this;
}
Statement& Statement::bind_text(int place, std::string_view text) {
    sqlite3_bind_text64(statement_.get(), place, place_of(text), text.size(), SQLITE_STATIC,
                        SQLITE_UTF8);
    return *this;
}

Result<bool> Statement::step() {
    const int result = sqlite3_step(statement_.get());
    if (result == SQLITE_ROW) return true;
    if (result == SQLITE_DONE) {
        reset();
        return false;
    }
    Error error = error_of(sqlite3_db_handle(statement_.get()), result);
    reset();
    return error;
}

Result<void> Statement::run() {
    const auto stepped = step();
    if (!stepped) return stepped.error();
    reset();
    return {};
}

void Statement::reset() {
    if (statement_ != nullptr) sqlite3_reset(statement_.get());
}

std::int64_t Statement::number(int column) const {
    return sqlite3_column_int64(statement_.get(), column);
}
bool Statement::is_null(int column) const {
    return sqlite3_column_type(statement_.get(), column) == SQLITE_NULL;
}
std::string_view Statement::bytes(int column) const {
    const void* const data = sqlite3_column_blob(statement_.get(), column);
    if (data == nullptr) return {};
    return {static_cast<const char*>(data),
            static_cast<std::size_t>(sqlite3_column_bytes(statement_.get(), column))};
}

void Database::Closer::operator()(sqlite3* database) const { sqlite3_close_v2(database); }

Result<Database> Database::open(const std::string& path, Mode mode) {
    sqlite3* opened = nullptr;
    const int flags = (mode == Mode::read ? SQLITE_OPEN_READONLY : SQLITE_OPEN_READWRITE) |
                      SQLITE_OPEN_NOMUTEX | SQLITE_OPEN_EXRESCODE;
    // A path that begins with "file:" would be a URI if the program allowed that; "./" is a path.
    const std::string name = path.starts_with('/') ? path : "./" + path;
    const int result = sqlite3_open_v2(name.c_str(), &opened, flags, nullptr);
    Database database(opened);
    if (result != SQLITE_OK) return error_of(opened, result);
    sqlite3_busy_timeout(opened, kBusyMs);
    // The schema of a file from a stranger must not run functions, nor be written to.
    sqlite3_db_config(opened, SQLITE_DBCONFIG_DEFENSIVE, 1, nullptr);
    sqlite3_db_config(opened, SQLITE_DBCONFIG_TRUSTED_SCHEMA, 0, nullptr);
    sqlite3_limit(opened, SQLITE_LIMIT_LENGTH, static_cast<int>(kMaxTextsBytes * 2));
    // A file that another program cuts short would end this program if the file were mapped.
    if (auto done = database.run("PRAGMA mmap_size = 0; PRAGMA cell_size_check = ON"); !done)
        return done.error();
    return database;
}

Result<void> Database::run(const char* sql) {
    const int result = sqlite3_exec(database_.get(), sql, nullptr, nullptr, nullptr);
    if (result != SQLITE_OK) return error_of(database_.get(), result);
    return {};
}

Result<Statement> Database::prepare(const char* sql) {
    sqlite3_stmt* statement = nullptr;
    const int result = sqlite3_prepare_v3(database_.get(), sql, -1, SQLITE_PREPARE_PERSISTENT,
                                          &statement, nullptr);
    if (result != SQLITE_OK) return error_of(database_.get(), result);
    return Statement(statement);
}

Result<std::int64_t> Database::number(const char* sql) {
    auto statement = prepare(sql);
    if (!statement) return statement.error();
    const auto stepped = statement->step();
    if (!stepped) return stepped.error();
    return *stepped ? statement->number(0) : 0;
}

Result<ReadTransaction> ReadTransaction::begin(Database& database) {
    if (auto begun = database.run("BEGIN"); !begun) return begun.error();
    return ReadTransaction(database);
}

ReadTransaction::ReadTransaction(ReadTransaction&& other) noexcept
    : database_(std::exchange(other.database_, nullptr)) {}

ReadTransaction::~ReadTransaction() {
    if (database_ != nullptr) (void)database_->run("COMMIT");
}

}  // namespace mailslot::store
