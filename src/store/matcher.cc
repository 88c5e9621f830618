#include "store/matcher.h"

#include <re2/re2.h>

#include <algorithm>
#include <cstring>
#include <string>
#include <utility>

#include "model/fold.h"
#include "store/words.h"

namespace mailslot::store {
namespace {

template <class... Functions>
struct Overloaded : Functions... {
    using Functions::operator()...;
};
template <class... Functions>
Overloaded(Functions...) -> Overloaded<Functions...>;

constexpr Verdict said(bool yes) { return yes ? Verdict::yes : Verdict::no; }

constexpr Verdict opposite(Verdict verdict) {
    if (verdict == Verdict::maybe) return verdict;
    return said(verdict == Verdict::no);
}

// Combines what `of` says about each term: a clause is as true as its truest term, and the query as
// its least true clause.
template <class Of>
Verdict combined(const Query& query, Of&& of) {
    Verdict all = Verdict::yes;
    for (const std::vector<Term>& clause : query.clauses) {
        Verdict any = Verdict::no;
        for (const Term& term : clause) {
            const Verdict verdict = term.negated ? opposite(of(term)) : of(term);
            any = std::max(any, verdict);
            if (any == Verdict::yes) break;
        }
        all = std::min(all, any);
        if (all == Verdict::no) break;
    }
    return all;
}

// Returns the first place of `part`, or null. Several times as fast as std::string_view::find.
const char* find_in(const char* begin, const char* end, std::string_view part) {
    const auto size = static_cast<std::size_t>(end - begin);
    if (part.size() > size) return nullptr;
    return static_cast<const char*>(memmem(begin, size, part.data(), part.size()));
}

bool compares(const LevelTerm& term, int level) {
    switch (term.comparison) {
        case Comparison::equal:
            return level == term.level;
        case Comparison::less:
            return level < term.level;
        case Comparison::at_most:
            return level <= term.level;
        case Comparison::more:
            return level > term.level;
        case Comparison::at_least:
            return level >= term.level;
    }
    return false;
}

// Between the least and the most level, some other level may stand.
Verdict of_levels(const LevelTerm& term, const Extent& extent) {
    if (extent.highest_level == 0) return Verdict::no;
    const int lowest = extent.lowest_level - 1, highest = extent.highest_level - 1;
    const bool may =
        compares(term, lowest) || compares(term, highest) ||
        (term.comparison == Comparison::equal && lowest < term.level && term.level < highest);
    return may ? Verdict::maybe : Verdict::no;
}

std::string folded_name(std::string_view name) { return fold(name).value_or(std::string(name)); }

bool fits(const NameTerm& term, const Source& source) {
    const std::string& name = term.field == NameField::host   ? source.host
                              : term.field == NameField::slot ? source.slot
                                                              : source.address;
    return fits_pattern(term.pattern, folded_name(name));
}

}  // namespace

bool fits_pattern(std::string_view pattern, std::string_view name) {
    std::size_t p = 0, n = 0, star = pattern.npos, resume = 0;
    while (n < name.size()) {
        if (p < pattern.size() && pattern[p] == '*') {
            star = p++;
            resume = n;
        } else if (p < pattern.size() && pattern[p] == name[n]) {
            ++p, ++n;
        } else if (star != pattern.npos) {
            p = star + 1;
            n = ++resume;
        } else {
            return false;
        }
    }
    while (p < pattern.size() && pattern[p] == '*') ++p;
    return p == pattern.size();
}

bool finds_text(const TextTerm& term, std::string_view folded) {
    const char* at = folded.data();
    const char* const begin = at;
    const char* const end = at + folded.size();
    while (const char* const first = find_in(at, end, term.folded)) {
        const char* const behind = first + term.folded.size();
        const bool begins = !term.begins_word || first == begin || !is_word_byte(first[-1]);
        const bool ends = !term.ends_word || behind == end || !is_word_byte(*behind);
        if (begins && ends) return true;
        at = first + 1;
    }
    return false;
}

Matcher::Matcher(Query query) : query_(std::move(query)) {
    for (const auto& clause : query_.clauses) {
        for (const Term& term : clause) {
            const auto* const text = std::get_if<TextTerm>(&term.is);
            has_words_ |= text != nullptr && !text->words.empty();
            has_folded_ |= text != nullptr;
            has_texts_ |= text != nullptr || std::holds_alternative<ExpressionTerm>(term.is);
            has_names_ |= std::holds_alternative<NameTerm>(term.is) ||
                          std::holds_alternative<TrustTerm>(term.is);
            has_columns_ |= std::holds_alternative<LevelTerm>(term.is) ||
                            std::holds_alternative<SinceTerm>(term.is) ||
                            std::holds_alternative<UntilTerm>(term.is);
        }
    }
}

Verdict Matcher::of_extent(const Extent& extent) const {
    return combined(query_, [&extent](const Term& term) {
        return std::visit(
            Overloaded{[&](const LevelTerm& level) { return of_levels(level, extent); },
                       [&](const SinceTerm& since) {
                           if (extent.last_us < since.us) return Verdict::no;
                           return extent.first_us >= since.us ? Verdict::yes : Verdict::maybe;
                       },
                       [&](const UntilTerm& until) {
                           if (extent.first_us >= until.us) return Verdict::no;
                           return extent.last_us < until.us ? Verdict::yes : Verdict::maybe;
                       },
                       [](const auto&) { return Verdict::maybe; }},
            term.is);
    });
}

Verdict Matcher::of_filter(const TokenFilter& filter) const {
    return combined(query_, [&filter](const Term& term) {
        const auto* const text = std::get_if<TextTerm>(&term.is);
        if (text == nullptr) return Verdict::maybe;
        const bool may = std::ranges::all_of(
            text->words, [&filter](std::uint64_t word) { return filter.may_have(word); });
        return may ? Verdict::maybe : Verdict::no;
    });
}

Verdict Matcher::of_sources(std::span<const Source> sources) {
    sources_ = sources.size();
    by_source_.assign(query_.terms * sources_, Verdict::maybe);
    for (const auto& clause : query_.clauses) {
        for (const Term& term : clause) {
            Verdict* const verdicts = by_source_.data() + term.number * sources_;
            if (const auto* const name = std::get_if<NameTerm>(&term.is)) {
                for (std::size_t i = 0; i < sources_; ++i)
                    verdicts[i] = said(fits(*name, sources[i]));
            } else if (const auto* const trust = std::get_if<TrustTerm>(&term.is)) {
                for (std::size_t i = 0; i < sources_; ++i)
                    verdicts[i] = said(sources[i].trust == trust->trust);
            }
        }
    }
    Verdict best = Verdict::no;
    for (std::size_t i = 0; i < sources_ && best == Verdict::no; ++i) {
        best = combined(
            query_, [&](const Term& term) { return of_name(term, static_cast<std::uint16_t>(i)); });
    }
    return best;
}

Verdict Matcher::of_name(const Term& term, std::uint16_t source) const {
    if (source >= sources_) return Verdict::maybe;
    return by_source_[term.number * sources_ + source];
}

Verdict Matcher::of_folded_texts(std::string_view folded) const {
    return combined(query_, [folded](const Term& term) {
        const auto* const text = std::get_if<TextTerm>(&term.is);
        if (text == nullptr) return Verdict::maybe;
        const char* const begin = folded.data();
        const bool may = find_in(begin, begin + folded.size(), text->folded) != nullptr;
        return may ? Verdict::maybe : Verdict::no;
    });
}

Verdict Matcher::of_row(const Row& row) const {
    return combined(query_, [&](const Term& term) {
        return std::visit(
            Overloaded{[&](const LevelTerm& level) {
                           return said(row.level_code > 0 && compares(level, row.level_code - 1));
                       },
                       [&](const SinceTerm& since) { return said(row.kept_us >= since.us); },
                       [&](const UntilTerm& until) { return said(row.kept_us < until.us); },
                       [&](const NameTerm&) { return of_name(term, row.source); },
                       [&](const TrustTerm&) { return of_name(term, row.source); },
                       [](const auto&) { return Verdict::maybe; }},
            term.is);
    });
}

bool Matcher::matches(const Row& row, std::string_view text, std::string_view folded) const {
    const Verdict verdict = combined(query_, [&](const Term& term) {
        return std::visit(
            Overloaded{[&](const TextTerm& wanted) { return said(finds_text(wanted, folded)); },
                       [&](const ExpressionTerm& expression) {
                           return said(RE2::PartialMatch(text, *expression.program));
                       },
                       [&](const LevelTerm& level) {
                           return said(row.level_code > 0 && compares(level, row.level_code - 1));
                       },
                       [&](const SinceTerm& since) { return said(row.kept_us >= since.us); },
                       [&](const UntilTerm& until) { return said(row.kept_us < until.us); },
                       [&](const auto&) { return of_name(term, row.source); }},
            term.is);
    });
    return verdict == Verdict::yes;
}

}  // namespace mailslot::store
