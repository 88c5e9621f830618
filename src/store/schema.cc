#include "store/schema.h"

#include <algorithm>
#include <string>

#include "os/file_kind.h"

namespace mailslot::store {
namespace {

constexpr std::int64_t kApplicationId = 0x6d736c74;  // "mslt"
constexpr std::int64_t kVersion = 1;

#define MAILSLOT_BLOCK_COLUMNS                                                     \
    "rows INTEGER NOT NULL, first_us INTEGER NOT NULL, last_us INTEGER NOT NULL, " \
    "lowest_level INTEGER, highest_level INTEGER, sources BLOB NOT NULL"

// As SQLite stores them in its own table, to the letter.
constexpr std::string_view kTables[] = {
    "CREATE TABLE chunks (id INTEGER PRIMARY KEY, " MAILSLOT_BLOCK_COLUMNS ")",
    "CREATE TABLE columns (id INTEGER PRIMARY KEY, data BLOB NOT NULL)",
    "CREATE TABLE texts (id INTEGER PRIMARY KEY, data BLOB NOT NULL)",
    "CREATE TABLE filters (id INTEGER PRIMARY KEY, data BLOB NOT NULL)",
    "CREATE TABLE newest (chunk INTEGER NOT NULL, first_row INTEGER NOT "
    "NULL, " MAILSLOT_BLOCK_COLUMNS
    ", columns BLOB NOT NULL, texts BLOB NOT NULL, PRIMARY KEY (chunk, first_row)) WITHOUT ROWID",
    "CREATE TABLE events (id INTEGER PRIMARY KEY, at_us INTEGER NOT NULL, kind TEXT NOT NULL, "
    "chunk INTEGER NOT NULL, row INTEGER NOT NULL, count INTEGER NOT NULL, detail TEXT NOT NULL)",
};

#undef MAILSLOT_BLOCK_COLUMNS

Error no_store(std::string detail) {
    return Error{Errc::bad_packet, "open store", 0, std::move(detail)};
}

}  // namespace

Result<void> check_path(const std::string& path, Database::Mode mode) {
    const os::FileKind kind = os::kind_of(path);
    if (kind == os::FileKind::file) return {};
    if (kind != os::FileKind::missing)
        return Error{Errc::bad_packet, "open store", 0, "this is no regular file"};
    if (mode == Database::Mode::write) return {};
    return Error{Errc::bad_packet, "open store", 0,
                 "there is no such file; 'mailslot record' makes a store"};
}

Result<void> make_schema(Database& database) {
    std::string sql = "BEGIN IMMEDIATE; PRAGMA application_id = " + std::to_string(kApplicationId) +
                      "; PRAGMA user_version = " + std::to_string(kVersion) + ";";
    for (const std::string_view table : kTables) (sql += table) += ";";
    sql += "COMMIT";
    return database.run(sql.c_str());
}

Result<FileState> check_schema(Database& database) {
    const auto application = database.number("PRAGMA application_id");
    if (!application) return application.error();
    const auto version = database.number("PRAGMA user_version");
    if (!version) return version.error();
    auto tables = database.prepare("SELECT coalesce(sql, '') FROM sqlite_schema LIMIT 100");
    if (!tables) return tables.error();
    std::size_t found = 0;
    while (true) {
        const auto stepped = tables->step();
        if (!stepped) return stepped.error();
        if (!*stepped) break;
        if (std::ranges::count(kTables, tables->bytes(0)) == 0) found = std::size(kTables);
        ++found;
    }
    if (*application == 0 && *version == 0 && found == 0) return FileState::empty;
    if (*application != kApplicationId) return no_store("the file is not a store of mailslot");
    if (*version != kVersion)
        return no_store("the store is of version " + std::to_string(*version) +
                        ", and this program knows version " + std::to_string(kVersion));
    if (found != std::size(kTables)) return no_store("the store has wrong tables");
    return FileState::store;
}

}  // namespace mailslot::store
