// Decides which messages a query matches, and which blocks cannot have any: each question needs
// another part of the block.
#pragma once

#include <cstdint>
#include <span>
#include <string_view>
#include <vector>

#include "store/columns.h"
#include "store/open_chunk.h"
#include "store/query.h"
#include "store/stored_message.h"
#include "store/token_filter.h"

namespace mailslot::store {

enum class Verdict : std::uint8_t { no, maybe, yes };

// Threads: one at a time.
class Matcher {
public:
    explicit Matcher(Query query);

    // Parts of a block that the query needs to be decided.
    bool needs_filter() const { return has_words_; }
    bool needs_sources() const { return has_names_; }
    bool needs_columns() const { return has_names_ || has_columns_; }
    bool needs_texts() const { return has_texts_; }
    bool needs_folded() const { return has_folded_; }

    // These tell whether a message of the block may match.
    Verdict of_extent(const Extent& extent) const;
    Verdict of_filter(const TokenFilter& filter) const;
    Verdict of_sources(std::span<const Source> sources);  // and remembers them for rows
    Verdict of_folded_texts(std::string_view folded) const;

    // By what is known without the texts.
    Verdict of_row(const Row& row) const;
    // Decides. `folded`: the text through append_folded(); may be empty unless needs_folded().
    bool matches(const Row& row, std::string_view text, std::string_view folded) const;

private:
    Verdict of_name(const Term& term, std::uint16_t source) const;

    Query query_;
    bool has_words_ = false, has_names_ = false, has_columns_ = false, has_texts_ = false,
         has_folded_ = false;
    std::size_t sources_ = 0;
    std::vector<Verdict> by_source_;  // of each term, for each source
};

// Returns whether the characters stand in the text, as whole words where the term wants that.
bool finds_text(const TextTerm& term, std::string_view folded);

// Returns whether the name is the pattern, where `*` stands for any characters.
bool fits_pattern(std::string_view pattern, std::string_view name);

}  // namespace mailslot::store
