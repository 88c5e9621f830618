// Pieces of the messages in docs/protocol/well-known-slots.md.
#pragma once

#include <cstddef>
#include <string>

#include "base/bytes.h"

namespace mailslot::wire {

// Single-byte text up to a zero, which is taken too; to the end where there is none. What is not
// printable ASCII comes as \xNN.
std::string take_text(ByteReader& in);
// The same of exactly `bytes` of them, of which those from the first zero on are padding.
std::string take_padded_text(ByteReader& in, std::size_t bytes);
// UTF-16 up to its zero, as UTF-8. A short one makes `in` fail.
std::string take_wide_text(ByteReader& in);
// A compressed name (RFC 1035 section 4.1.4) of `message`, of which `in` is the rest:
// "lab.example". One that runs past the end, points forward or has more than 255 bytes makes `in`
// fail.
std::string take_compressed_name(Bytes message, ByteReader& in);
std::string quoted(const std::string& text);  // in quotation marks, quotes in it as \"

}  // namespace mailslot::wire
