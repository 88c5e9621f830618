// SQLite behind a small interface: the only file that includes its header is database.cc.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "mailslot/result.h"

struct sqlite3;
struct sqlite3_stmt;

namespace mailslot::store {

// A prepared statement. Texts that are bound must live until the statement is stepped.
class Statement {
public:
    Statement() = default;

    Statement& bind(int place, std::uint64_t number);  // places count from 1
    Statement& bind(int place, std::int64_t number);
    Statement& bind_null(int place);
    Statement& bind_blob(int place, std::string_view bytes);
    Statement& bind_text(int place, std::string_view text);

    // Runs to the next row. Returns false at the end; the statement is then ready to be bound anew.
    // Errors: bad_packet (the file is damaged), no_resources, no_permission, timed_out.
    Result<bool> step();
    // Runs a statement that returns no rows.
    Result<void> run();
    void reset();  // before the end

    // Columns of the row, from 0. Bytes are borrowed until the next step() or reset().
    std::int64_t number(int column) const;
    bool is_null(int column) const;
    std::string_view bytes(int column) const;

private:
    friend class Database;
    struct Finalizer {
        void operator()(sqlite3_stmt* statement) const;
    };
    explicit Statement(sqlite3_stmt* statement) : statement_(statement) {}
    std::unique_ptr<sqlite3_stmt, Finalizer> statement_;
};

// Threads: one.
class Database {
public:
    enum class Mode : std::uint8_t { read, write };
    // Opens an existing file; a missing file is an error in both modes.
    // Errors: no_permission, no_resources, bad_packet.
    static Result<Database> open(const std::string& path, Mode mode);

    Result<void> run(const char* sql);  // may be several statements
    Result<Statement> prepare(const char* sql);
    Result<std::int64_t> number(const char* sql);  // the only column of the only row

private:
    struct Closer {
        void operator()(sqlite3* database) const;
    };
    explicit Database(sqlite3* database) : database_(database) {}
    std::unique_ptr<sqlite3, Closer> database_;
};

// Ends a transaction when destroyed, so that a reader never holds one.
class ReadTransaction {
public:
    static Result<ReadTransaction> begin(Database& database);
    ~ReadTransaction();
    ReadTransaction(ReadTransaction&& other) noexcept;
    ReadTransaction& operator=(ReadTransaction&&) = delete;

private:
    explicit ReadTransaction(Database& database) : database_(&database) {}
    Database* database_;
};

}  // namespace mailslot::store
