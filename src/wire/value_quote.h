// Text, bytes and reals as Python's repr() spells them.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

#include "base/bytes.h"

namespace mailslot::wire {

// Appends 'text', quoted and escaped: without control characters, invisible characters or
// surrogates. `utf8` may contain surrogates. Stops soon after `out` has grown past `enough` bytes.
void append_quoted_text(std::string& out, std::string_view utf8, std::size_t enough);
// Appends b'bytes', with the same limit.
void append_quoted_bytes(std::string& out, Bytes bytes, std::size_t enough);

// Appends "1.0", "1e-05", "-1e999" for the infinities, "nan". Real::in_complex omits the ".0".
enum class Real { alone, in_complex };
void append_real(std::string& out, double value, Real where);

}  // namespace mailslot::wire
