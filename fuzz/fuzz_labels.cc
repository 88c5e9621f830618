// Any payload as a payload that begins with labels. The walk of an accepted block stays within its
// bounds, and its labels written anew are the same bytes.
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/check.h"
#include "wire/labels.h"

using namespace mailslot;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    const std::string_view payload(reinterpret_cast<const char*>(data), size);
    const auto block = wire::label_block_size(payload);
    if (!block) {
        MAILSLOT_CHECK(block.error().code == Errc::bad_packet);
        return 0;
    }
    MAILSLOT_CHECK(*block <= payload.size() && *block <= 2 + wire::kMaxLabelBlockBytes);
    std::vector<Label> labels;
    wire::for_each_label(payload.substr(0, *block),
                         [&labels](const Label& label) { labels.push_back(label); });
    MAILSLOT_CHECK(labels.size() <= wire::kMaxLabels);
    std::string again;
    MAILSLOT_CHECK(wire::append_labels(again, labels));
    MAILSLOT_CHECK(again == payload.substr(0, *block));
    return 0;
}
