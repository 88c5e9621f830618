// Any bytes as the parts of a chunk. The first byte chooses the part. Accepted parts stay within the
// limits, and come out the same after they were encoded anew.
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/check.h"
#include "store/block_messages.h"
#include "store/limits.h"
#include "store/sources.h"
#include "store/store_reader.h"
#include "store/token_filter.h"

using namespace mailslot;
using namespace mailslot::store;

namespace {

constexpr std::size_t kSources = 3;

void check_columns(std::string_view bytes) {
    std::vector<Row> rows, again;
    const auto texts = decode_columns(bytes, kSources, rows);
    if (!texts) return;
    MAILSLOT_CHECK(*texts <= kMaxTextsBytes && rows.size() <= kMaxRows);
    std::string encoded;
    encode_columns(rows, kSources, encoded);
    MAILSLOT_CHECK(decode_columns(encoded, kSources, again) && again == rows);
}

void check_sources(std::string_view bytes) {
    const auto sources = decode_sources(bytes);
    if (!sources) return;
    SourceTable table;
    for (const Source& source : *sources) {
        const auto index = table.index_of({.slot = source.slot,
                                           .host = source.host,
                                           .address = source.address,
                                           .origin = source.origin,
                                           .trust = source.trust,
                                           .format = source.format});
        MAILSLOT_CHECK(index && table.all()[*index] == source);
    }
}

void check_filter(std::string_view bytes) {
    const auto filter = TokenFilter::decode(bytes);
    if (filter) (void)filter->may_have(0x0123456789abcdef);
}

// Takes a part with a size before it.
std::string_view take_part(std::string_view& bytes) {
    if (bytes.size() < 2) return {};
    const std::size_t size =
        static_cast<unsigned char>(bytes[0]) * 256u + static_cast<unsigned char>(bytes[1]);
    const std::string_view part = bytes.substr(2, size);
    bytes.remove_prefix(2 + part.size());
    return part;
}

// As a batch: frames of sources, columns and texts.
void check_block(std::string_view bytes) {
    Block block;
    block.first = {1, 0};
    block.rows = bytes.empty() ? 1 : static_cast<unsigned char>(bytes[0]);
    bytes.remove_prefix(bytes.empty() ? 0 : 1);
    block.sources = take_part(bytes);
    const std::string_view columns = take_part(bytes);
    BlockMessages messages;
    if (!messages.load(block, columns, bytes)) return;
    for (std::size_t row = 0; row < messages.size(); ++row)
        MAILSLOT_CHECK(messages[row].text.size() <= messages.texts().size());
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    if (size == 0) return 0;
    const std::string_view bytes(reinterpret_cast<const char*>(data) + 1, size - 1);
    switch (data[0] % 4) {
        case 0:
            check_columns(bytes);
            break;
        case 1:
            check_sources(bytes);
            break;
        case 2:
            check_filter(bytes);
            break;
        default:
            check_block(bytes);
    }
    return 0;
}
