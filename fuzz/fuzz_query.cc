// Any text as a query. A refusal names a place in the text. An accepted query decides about a
// message the same way at every step: no step excludes a message that the last step accepts.
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "base/check.h"
#include "store/matcher.h"
#include "store/words.h"

using namespace mailslot;
using namespace mailslot::store;

namespace {

std::int64_t to_unix(const WallTime& wall) { return wall.hour * 3600 + wall.minute * 60; }
WallTime to_local(std::int64_t) { return {2023, 11, 14, 22, 13, 20}; }

void check_steps(const Query& query, std::string_view text) {
    const Source source{"LOG", "alpha", "10.0.0.1", 1, Trust::domain, Format::text};
    const Row row{.kept_us = 1'700'000'000'000'000,
                  .text_bytes = static_cast<std::uint32_t>(text.size()),
                  .level_code = 31};
    const Extent extent{row.kept_us, row.kept_us, row.level_code, row.level_code};
    WordSet words;
    words.add_words_of(text);
    std::string filter, folded;
    words.take_filter(filter);
    append_folded(folded, text);
    Matcher matcher(query);
    const bool by_sources = matcher.of_sources(std::span(&source, 1)) != Verdict::no;
    if (!matcher.matches(row, text, folded)) return;
    MAILSLOT_CHECK(by_sources);
    MAILSLOT_CHECK(matcher.of_extent(extent) != Verdict::no);
    MAILSLOT_CHECK(matcher.of_filter(TokenFilter::decode(filter).value()) != Verdict::no);
    MAILSLOT_CHECK(matcher.of_folded_texts(folded) != Verdict::no);
    MAILSLOT_CHECK(matcher.of_row(row) != Verdict::no);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    const std::string_view text(reinterpret_cast<const char*>(data), size);
    const TimeBase base{1'700'000'000'000'000, to_unix, to_local};
    const auto query = parse_query(text, base);
    if (!query) {
        MAILSLOT_CHECK(query.error().at <= size && !query.error().what.empty());
        return 0;
    }
    MAILSLOT_CHECK(query->terms <= kMaxQueryTerms && query->clauses.size() <= query->terms);
    check_steps(*query, "the disk is full on alpha: timeout=5");
    check_steps(*query, text);
    return 0;
}
