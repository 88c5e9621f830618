// Standard input, output and error of this process.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string_view>

#include "mailslot/result.h"
#include "os/futex.h"
#include "os/handle.h"

namespace mailslot::os {

// A pipe with any room has room for this many bytes, so a write of them does not block.
inline constexpr std::size_t kPipeBytes = 4096;

Handle standard_output();  // for a wait until its reader has gone

// Makes sure that all three streams are in use. Otherwise a socket could become "standard output".
void hold_standard_streams();
// From now on a write to a pipe without a reader, or past the limit of a file's size, returns an
// error. Otherwise it would end the process.
void let_writes_fail();

// Writes once to standard output. Returns how many bytes were written: 0 if there is no room, and
// another program made standard output non-blocking.
// Errors: closed if the reader has gone; interrupted by a signal; no_resources
Result<std::size_t> write_output(std::string_view text);
// Waits until standard output has room, or can no longer be written. Returns false if that is not
// so by `until`.
// Errors: interrupted by a signal
Result<bool> wait_for_output(Deadline until);
bool output_is_terminal();
bool error_is_terminal();

// Reads once from standard input. Waits if nothing is there. Returns 0 at the end.
// Errors: no_resources
Result<std::size_t> read_input(std::span<char> into);
bool input_is_terminal();
// Returns how many bytes standard input still has, if it is a file.
std::optional<std::uint64_t> input_bytes_left();
// Waits until a read of standard input does not wait. Returns false if that is not so by `until`,
// or if a signal came.
bool wait_for_input(Deadline until);

// Writes to standard error. If that fails, there is nobody left to tell. Allocates nothing.
void write_error(std::string_view text);

}  // namespace mailslot::os
