#include "store/query.h"

#include <re2/re2.h>

#include <algorithm>
#include <charconv>
#include <optional>

#include "model/fold.h"
#include "model/trust.h"
#include "store/limits.h"
#include "store/words.h"

namespace mailslot::store {
namespace {

using Fault = tl::unexpected<QueryFault>;
using Is = decltype(Term::is);

Fault fault(std::size_t at, std::string what) { return Fault({at, std::move(what)}); }

bool is_blank(char c) { return c == ' ' || c == '\t' || c == '\n' || c == '\r'; }

std::string quoted(std::string_view text) { return "'" + std::string(text) + "'"; }

// Hashes of the words, without the first or last if another part of such a word may stand outside.
std::vector<std::uint64_t> whole_words(const TextTerm& term) {
    std::string_view text = term.folded;
    if (!term.begins_word) {
        while (!text.empty() && is_word_byte(text.front())) text.remove_prefix(1);
    }
    if (!term.ends_word) {
        while (!text.empty() && is_word_byte(text.back())) text.remove_suffix(1);
    }
    std::vector<std::uint64_t> words;
    for_each_word(text, [&words](std::uint64_t word) { words.push_back(word); });
    return words;
}

TextTerm text_term(std::string_view text, bool any_before, bool any_behind) {
    TextTerm term;
    append_folded(term.folded, text);
    term.begins_word = !any_before && is_word_byte(text.front());
    term.ends_word = !any_behind && is_word_byte(text.back());
    term.words = whole_words(term);
    return term;
}

constexpr struct {
    std::string_view name;
    std::uint16_t level;
} kLevels[] = {{"debug", 10}, {"info", 20}, {"warning", 30}, {"error", 40}, {"critical", 50}};

std::optional<std::uint16_t> parse_level(std::string_view text) {
    std::string folded;
    append_folded(folded, text);
    for (const auto& [name, level] : kLevels) {
        if (folded == name) return level;
    }
    std::uint16_t number = 0;
    const char* const end = text.data() + text.size();
    const auto [stopped, error] = std::from_chars(text.data(), end, number);
    if (error != std::errc() || stopped != end || number > kMaxLevel) return std::nullopt;
    return number;
}

tl::expected<Is, QueryFault> level_term(std::string_view value, std::size_t at) {
    constexpr struct {
        std::string_view sign;
        Comparison comparison;
    } kSigns[] = {{">=", Comparison::at_least}, {"<=", Comparison::at_most},
                  {">", Comparison::more},      {"<", Comparison::less},
                  {"=", Comparison::equal},     {"", Comparison::equal}};
    const auto sign = std::ranges::find_if(
        kSigns, [value](const auto& each) { return value.starts_with(each.sign); });
    const std::string_view name = value.substr(sign->sign.size());
    const auto level = parse_level(name);
    if (!level)
        return fault(at + sign->sign.size(),
                     "unknown level " + quoted(name) +
                         "; write debug, info, warning, error, critical or a number");
    return LevelTerm{sign->comparison, *level};
}

tl::expected<Is, QueryFault> trust_term(std::string_view value, std::size_t at) {
    for (const Trust trust : kAllTrust) {
        if (value == word_of(trust)) return TrustTerm{trust};
    }
    return fault(at, "unknown trust " + quoted(value) + "; write none, domain or local");
}

tl::expected<Is, QueryFault> field_term(std::string_view field, std::string_view value,
                                        std::size_t at, const TimeBase& base) {
    const std::size_t value_at = at + field.size() + 1;
    if (field == "level") return level_term(value, value_at);
    if (field == "trust") return trust_term(value, value_at);
    if (field == "since" || field == "until") {
        const auto us = parse_time(value, base);
        if (!us)
            return fault(value_at, quoted(value) +
                                       " is not a time; write -5m, -2h, 12:00 or 2026-12-01T12:00");
        if (field == "since") return SinceTerm{*us};
        return UntilTerm{*us};
    }
    constexpr struct {
        std::string_view name;
        NameField field;
    } kNames[] = {
        {"host", NameField::host}, {"slot", NameField::slot}, {"address", NameField::address}};
    for (const auto& name : kNames) {
        if (field != name.name) continue;
        if (value.empty()) return fault(value_at, std::string(field) + ": the name is missing");
        return NameTerm{name.field, fold(value).value_or(std::string(value))};
    }
    return fault(at, "unknown field " + quoted(field) +
                         "; quote a text with a colon, or write host, slot, address, level, trust, "
                         "since or until");
}

class QueryParser {
public:
    QueryParser(std::string_view text, const TimeBase& base) : text_(text), base_(base) {}

    tl::expected<Query, QueryFault> parse() {
        if (text_.size() > kMaxQueryBytes)
            return fault(kMaxQueryBytes, "the query has more than 4096 bytes");
        Query query;
        bool joins = false;  // a bar stands before the term
        for (skip_blanks(); at_ < text_.size(); skip_blanks()) {
            if (text_[at_] == '|') {
                if (joins || query.clauses.empty()) return fault(at_, "a | stands between terms");
                joins = true;
                ++at_;
                continue;
            }
            if (query.terms == kMaxQueryTerms)
                return fault(at_, "the query has more than 64 terms");
            auto term = take_term();
            if (!term) return Fault(std::move(term.error()));
            term->number = query.terms++;
            if (!joins) query.clauses.emplace_back();
            query.clauses.back().push_back(std::move(*term));
            joins = false;
        }
        if (joins) return fault(text_.size(), "a term is missing after |");
        return query;
    }

private:
    void skip_blanks() {
        while (at_ < text_.size() && is_blank(text_[at_])) ++at_;
    }
    bool ends_here() const {
        return at_ == text_.size() || is_blank(text_[at_]) || text_[at_] == '|';
    }

    tl::expected<Term, QueryFault> take_term() {
        Term term;
        if (text_[at_] == '-') {
            term.negated = true;
            ++at_;
            if (ends_here()) return fault(at_, "a term is missing after -");
            if (text_[at_] == '-') return fault(at_, "a second -; quote a text that begins with -");
        }
        auto is = text_[at_] == '"'   ? take_quoted()
                  : text_[at_] == '/' ? take_expression()
                                      : take_bare();
        if (!is) return Fault(std::move(is.error()));
        term.is = std::move(*is);
        return term;
    }

    // Takes the characters up to `end`. A backslash before `end` or a backslash keeps that
    // character; other backslashes stay if `keeps_backslash`.
    tl::expected<std::string, QueryFault> take_enclosed(char end, std::string_view what) {
        const std::size_t start = at_++;
        std::string inside;
        for (; at_ < text_.size() && text_[at_] != end; ++at_) {
            const bool escapes = text_[at_] == '\\' && at_ + 1 < text_.size();
            if (escapes && (text_[at_ + 1] == end || (end == '"' && text_[at_ + 1] == '\\'))) {
                ++at_;
            } else if (escapes) {
                inside += text_[at_++];  // of the expression itself, with the next character
            }
            inside += text_[at_];
        }
        if (at_ == text_.size()) return fault(start, std::string(what) + " does not end");
        ++at_;
        if (inside.empty()) return fault(start, std::string(what) + " is empty");
        return inside;
    }

    tl::expected<Is, QueryFault> take_quoted() {
        auto inside = take_enclosed('"', "the quoted text");
        if (!inside) return Fault(std::move(inside.error()));
        if (!ends_here()) return fault(at_, "a blank is missing behind the quoted text");
        return text_term(*inside, false, false);
    }

    tl::expected<Is, QueryFault> take_expression() {
        const std::size_t start = at_;
        const auto inside = take_enclosed('/', "the expression");
        if (!inside) return Fault(inside.error());
        if (!ends_here())
            return fault(
                at_, "a blank is missing behind the expression; quote a text that begins with /");
        RE2::Options options;
        options.set_log_errors(false);
        options.set_max_mem(kMaxExpressionMemory);
        // A message that is not UTF-8 must match, too.
        if (!is_utf8(*inside)) options.set_encoding(RE2::Options::EncodingLatin1);
        auto program = std::make_shared<const RE2>(*inside, options);
        if (!program->ok()) return fault(start + 1, "the expression is wrong: " + program->error());
        return ExpressionTerm{std::move(program)};
    }

    tl::expected<Is, QueryFault> take_bare() {
        const std::size_t start = at_;
        while (!ends_here() && text_[at_] != '"') ++at_;
        const std::string_view word = text_.substr(start, at_ - start);
        const std::size_t colon = word.find(':');
        const bool is_field = colon != word.npos && colon > 0 &&
                              std::ranges::all_of(word.substr(0, colon), [](char c) {
                                  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
                              });
        if (is_field) return take_field(word.substr(0, colon), start);
        if (!ends_here()) return fault(at_, "a blank is missing before the quote");
        return bare_text(word, start);
    }

    // The value may be quoted: host:"a b".
    tl::expected<Is, QueryFault> take_field(std::string_view field, std::size_t start) {
        const std::size_t value_at = start + field.size() + 1;
        if (at_ == value_at && at_ < text_.size() && text_[at_] == '"') {
            const auto inside = take_enclosed('"', "the quoted text");
            if (!inside) return Fault(inside.error());
            if (!ends_here()) return fault(at_, "a blank is missing behind the quoted text");
            return field_term(field, *inside, start, base_);
        }
        if (!ends_here()) return fault(at_, "a blank is missing before the quote");
        return field_term(field, text_.substr(value_at, at_ - value_at), start, base_);
    }

    static tl::expected<Is, QueryFault> bare_text(std::string_view word, std::size_t start) {
        const bool any_before = word.starts_with('*');
        std::string_view text = word.substr(any_before ? 1 : 0);
        const bool any_behind = text.ends_with('*');
        if (any_behind) text.remove_suffix(1);
        if (text.empty()) return fault(start, "a * needs a part of a word beside it");
        if (const std::size_t star = text.find('*'); star != text.npos)
            return fault(
                start + (any_before ? 1 : 0) + star,
                "a * stands only at the beginning or end of a word; use an expression /a.*b/");
        return text_term(text, any_before, any_behind);
    }

    std::string_view text_;
    const TimeBase& base_;
    std::size_t at_ = 0;
};

}  // namespace

std::string to_string(const QueryFault& fault) {
    return fault.what + " (at character " + std::to_string(fault.at + 1) + ")";
}

tl::expected<Query, QueryFault> parse_query(std::string_view text, const TimeBase& base) {
    return QueryParser(text, base).parse();
}

}  // namespace mailslot::store
