// Text, bytes and reals as Python's repr() spells them.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

#include "base/bytes.h"

namespace mailslot::wire {

// Appends 'text', quoted and escaped: no control character, nothing invisible, no surrogate is
// left. `utf8` may have surrogates. Stops soon after `out` has grown past `enough` bytes.
void append_quoted_text(std::string& out, std::string_view utf8, std::size_t enough);
// The same: b'bytes'.
void append_quoted_bytes(std::string& out, Bytes bytes, std::size_t enough);

// "1.0", "1e-05", "-1e999" for the infinities, "nan". Without the ".0": as in a complex number.
enum class Real { alone, in_complex };
void append_real(std::string& out, double value, Real where);

}  // namespace mailslot::wire
