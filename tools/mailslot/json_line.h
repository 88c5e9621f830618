// Writes JSON straight into a buffer: `listen --json` prints a line for every message.
#pragma once

#include <chrono>
#include <cstdint>
#include <string>
#include <string_view>

#include "mailslot/shown_message.h"

namespace mailslot::cli {

// Appends a quoted JSON string. In text that is not UTF-8 (possible in names from the network),
// every byte above 127 becomes U+FFFD, so that the line stays valid JSON.
void append_json_string(std::string& out, std::string_view text);

void append_base64(std::string& out, std::string_view bytes);  // RFC 4648 section 4
void append_origin(std::string& out, std::uint64_t origin);    // 16 hexadecimal digits
void append_utc(std::string& out,
                std::chrono::system_clock::time_point time);  // RFC 3339, microseconds

// Appends an object and a newline: slot, text or base64, bytes (the size), from_host, from_address,
// origin, sequence, sent_at, trust, lost_before. `text` is there if the writer claimed text and the
// payload is UTF-8. Beside base64, `text` is the text of a log record of winsys. origin is 16
// hexadecimal digits in a string, because most readers of JSON keep only 53 bits of a number.
void append_json_line(std::string& out, const ShownMessage& message);

// Writes an object, member by member: JsonObject(out).add("name", name).add("bytes", n). The
// destructor closes the object; `out` must outlive it.
class JsonObject {
public:
    explicit JsonObject(std::string& out) : out_(out) { out_ += '{'; }
    ~JsonObject() { out_ += '}'; }
    JsonObject(const JsonObject&) = delete;
    JsonObject& operator=(const JsonObject&) = delete;

    JsonObject& add(std::string_view key, std::string_view text);
    JsonObject& add(std::string_view key, std::uint64_t number);
    JsonObject& add_null(std::string_view key);
    std::string& value(std::string_view key);  // the caller appends the member's value itself

private:
    std::string& out_;
    bool first_ = true;
};

}  // namespace mailslot::cli
