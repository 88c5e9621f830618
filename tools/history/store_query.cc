#include "history/store_query.h"

#include "mailslot/exit_status.h"
#include "mailslot/report.h"

namespace mailslot::cli {

Arguments store_query_arguments(StoreQuery& to) {
    return {
        text("FILE", "", "The recorded file", to.file).required().offering(Offer::files),
        texts("QUERY", "", "Terms that a message must match; none: every message", to.words),
    };
}

tl::expected<store::Query, int> parse_words(const StoreQuery& query, const store::TimeBase& base) {
    std::string text;
    for (const std::string& word : query.words) (text += text.empty() ? "" : " ") += word;
    auto parsed = store::parse_query(text, base);
    if (parsed) return std::move(*parsed);
    say("bad query: " + to_string(parsed.error()));
    return tl::unexpected<int>(kWrongUse);
}

}  // namespace mailslot::cli
