// Text fields of the messages in docs/protocol/well-known-slots.md.
#pragma once

#include <cstddef>
#include <string>

#include "base/bytes.h"

namespace mailslot::wire {

// Takes single-byte text up to a zero byte, and the zero; without a zero, takes the rest. Bytes
// outside printable ASCII become \xNN.
std::string take_text(ByteReader& in);
// Takes exactly `bytes` bytes. The text ends at the first zero; the rest is padding.
std::string take_padded_text(ByteReader& in, std::size_t bytes);
// Takes UTF-16 text up to its zero and returns UTF-8. `in` fails if the zero is missing.
std::string take_wide_text(ByteReader& in);
// Takes a compressed name (RFC 1035 section 4.1.4), e.g. "lab.example". `in` is the rest of
// `message`, to which pointers refer. `in` fails if the name runs past the end, points forward or
// has more than 255 bytes.
std::string take_compressed_name(Bytes message, ByteReader& in);
std::string quoted(const std::string& text);  // in quotation marks, inner quotes as \"

}  // namespace mailslot::wire
