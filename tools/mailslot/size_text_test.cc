#include "mailslot/size_text.h"

#include <gtest/gtest.h>

namespace mailslot::cli {
namespace {

struct Case {
    std::string_view text;
    std::optional<std::size_t> bytes;
};

TEST(SizeText, understands_numbers_with_and_without_a_unit) {
    const Case cases[] = {
        {"0", 0},
        {"1000", 1000},
        {"1000B", 1000},
        {"64MiB", 67'108'864},
        {"64mib", 67'108'864},
        {"64 MiB", 67'108'864},
        {"1k", 1024},
        {"1KiB", 1024},
        {"2G", 2'147'483'648},
        {"1kB", 1000},
        {"3MB", 3'000'000},
        {"1GB", 1'000'000'000},
        {"", {}},
        {"MiB", {}},
        {"-1", {}},
        {"1.5MiB", {}},
        {"64XiB", {}},
        {"64MiB ", {}},
        {" 64", {}},
        {"1  k", {}},
        {"18446744073709551615", 18'446'744'073'709'551'615u},
        {"18446744073709551616", {}},
        {"17179869184GiB", {}},
    };
    for (const Case& c : cases) {
        SCOPED_TRACE(c.text);
        EXPECT_EQ(parse_size(c.text), c.bytes);
    }
}

TEST(SizeText, writes_what_it_reads) {
    for (const std::size_t bytes : {0u, 1u, 1000u, 1024u, 1536u, 67'108'864u, 67'108'865u}) {
        EXPECT_EQ(parse_size(size_text(bytes)), bytes);
    }
    EXPECT_EQ(size_text(67'108'864), "64MiB");
    EXPECT_EQ(size_text(1000), "1000");
}

}  // namespace
}  // namespace mailslot::cli
