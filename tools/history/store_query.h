// The arguments FILE and QUERY of commands that read a store.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "mailslot/argument.h"
#include "store/query.h"

namespace mailslot::cli {

struct StoreQuery {
    std::string file;
    std::vector<std::string> words{};  // of the query
};

Arguments store_query_arguments(StoreQuery& to);

// Returns the query, or reports what is wrong with it.
tl::expected<store::Query, int> parse_words(const StoreQuery& query, const store::TimeBase& base);

}  // namespace mailslot::cli
