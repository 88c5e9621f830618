// Prints stored messages and events.
#pragma once

#include <string>
#include <string_view>

#include "store/store_reader.h"
#include "store/stored_message.h"
#include "store/time_text.h"

namespace mailslot::cli {

// Appends an object and a newline: the keys of `listen --json`, then kept_at and position.
void append_stored_json(std::string& out, const store::StoredMessage& message);

// Appends a line for people: the time of keeping, host, slot, level, text. Control characters are
// made visible, and further lines of the text begin with blanks, so that no message can look like
// another.
void append_stored_line(std::string& out, const store::StoredMessage& message,
                        const store::TimeBase& zone);

// Appends an object and a newline: event, at, count, detail, position.
void append_event_json(std::string& out, const store::StoredEvent& event);

// Reports an error of a store, and returns the exit status.
int fail_store(std::string_view path, const Error& error);

// "1,234,567".
std::string grouped(std::uint64_t number);

}  // namespace mailslot::cli
