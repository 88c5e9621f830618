// The tables of a store: docs/history.md, "The file".
#pragma once

#include <string>

#include "store/database.h"

namespace mailslot::store {

// Refuses what can be no store, before it is opened: opening a pipe waits for its other end. A
// writer makes a missing file. Errors: bad_packet.
Result<void> check_path(const std::string& path, Database::Mode mode);

// Makes the tables in an empty file.
Result<void> make_schema(Database& database);

enum class FileState { empty, store };
// Tells an empty file from a store. Refuses every other file: a stranger's tables could be views
// with endless work.
// Errors: bad_packet, and those of Statement::step().
Result<FileState> check_schema(Database& database);

}  // namespace mailslot::store
