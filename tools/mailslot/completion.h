// Words that shells offer while a command line is typed: packaging/completion/.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace mailslot::cli {

// `mailslot --complete WORD...` prints the words for the last WORD.
inline constexpr std::string_view kCompleteOption = "--complete";

// Returns the words that may stand in place of the last of `words`, whatever its letters: a line
// each, a help text after a tab. A line ":slots", ":addresses", ":domains" or ":files" stands for
// words that the shell must find.
std::string completions(const std::vector<std::string>& words);

}  // namespace mailslot::cli
