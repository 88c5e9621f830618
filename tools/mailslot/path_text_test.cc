#include "mailslot/path_text.h"

#include <gtest/gtest.h>

namespace mailslot::cli {
namespace {

using Limit = PathInfo::Limit;
using std::chrono::microseconds;

TEST(PathText, has_the_rate_the_round_trip_and_the_limit) {
    const struct {
        Limit limit;
        const char *word, *text;
    } rows[] = {
        {Limit::none, "none", "2.5 MiB/s, round trip 1.4 ms, not limited"},
        {Limit::path, "path", "2.5 MiB/s, round trip 1.4 ms, limited by the path"},
        {Limit::reader, "reader", "2.5 MiB/s, round trip 1.4 ms, limited by the reader"},
        {Limit::setting, "send_rate", "2.5 MiB/s, round trip 1.4 ms, limited by send_rate"},
        {Limit::unheard, "send_rate_unheard",
         "2.5 MiB/s, limited by send_rate_unheard: no reports came"},
    };
    for (const auto& row : rows) {
        SCOPED_TRACE(row.word);
        PathInfo path;
        path.rate = 2.5 * 1024 * 1024;
        path.round_trip = microseconds(1350);
        path.limit = row.limit;
        EXPECT_EQ(limit_word(row.limit), row.word);
        EXPECT_EQ(path_text(path), row.text);
    }
}

}  // namespace
}  // namespace mailslot::cli
