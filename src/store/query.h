// A query: which messages a search wants. The language: docs/history.md, "Queries".
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "mailslot/detail/expected.hpp"
#include "mailslot/types.h"
#include "store/time_text.h"

namespace re2 {
class RE2;
}

namespace mailslot::store {

inline constexpr std::size_t kMaxQueryBytes = 4096;
inline constexpr std::size_t kMaxQueryTerms = 64;
// Of a compiled expression, which a stranger may have written.
inline constexpr int kMaxExpressionMemory = 8 * 1024 * 1024;

// Characters in a row, without regard to case.
struct TextTerm {
    std::string folded;
    // No word byte may stand before it, or behind it.
    bool begins_word = false, ends_word = false;
    std::vector<std::uint64_t> words{};  // hashes of the words that a matching text must have
};

struct ExpressionTerm {
    std::shared_ptr<const re2::RE2> program;
};

enum class NameField : std::uint8_t { host, slot, address };

struct NameTerm {
    NameField field;
    std::string pattern;  // folded; `*` stands for any characters
};

enum class Comparison : std::uint8_t { equal, less, at_most, more, at_least };

struct LevelTerm {
    Comparison comparison;
    std::uint16_t level;
};

struct TrustTerm {
    Trust trust;
};

// Kept at that time or later; or before that time.
struct SinceTerm {
    std::int64_t us;
};
struct UntilTerm {
    std::int64_t us;
};

struct Term {
    bool negated = false;
    std::variant<TextTerm, ExpressionTerm, NameTerm, LevelTerm, TrustTerm, SinceTerm, UntilTerm> is;
    std::size_t number = 0;  // counts all terms of the query
};

// A message must match a term of each clause.
struct Query {
    std::vector<std::vector<Term>> clauses;
    std::size_t terms = 0;
};

struct QueryFault {
    std::size_t at = 0;  // byte of the query, from 0
    std::string what;
};

// Returns "unknown level 'x' (at character 7)".
std::string to_string(const QueryFault& fault);

tl::expected<Query, QueryFault> parse_query(std::string_view text, const TimeBase& base);

}  // namespace mailslot::store
