#include "wire/labels.h"

#include <algorithm>
#include <array>

#include "base/bytes.h"
#include "model/fold.h"

namespace mailslot::wire {
namespace {

constexpr std::size_t kBlockBytesBytes = 2, kLabelHeaderBytes = 3;

bool is_name(std::string_view name) {
    const auto is_allowed = [](char c) {
        return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '_' || c == '.' || c == '-';
    };
    return !name.empty() && name.size() <= kMaxLabelNameBytes &&
           std::ranges::all_of(name, is_allowed);
}

Error bad_label(std::string_view name, std::string_view why) {
    return {Errc::bad_label, "put", 0, "label '" + std::string(name) + "': " + std::string(why)};
}

// Checks the rules for a single label; the caller checks those for the block.
Result<void> check(const Label& label) {
    if (!is_name(label.name)) {
        return bad_label(label.name, "a name has 1 to 32 characters from a-z, 0-9, '_', '.', '-'");
    }
    if (label.value.size() > kMaxLabelBlockBytes) return bad_label(label.name, "too long");
    if (!is_utf8(label.value)) return bad_label(label.name, "not UTF-8");
    return {};
}

// The names so far; no name may occur twice.
class Names {
public:
    bool add(std::string_view name) {
        const auto end = names_.begin() + static_cast<std::ptrdiff_t>(count_);
        if (count_ == kMaxLabels || std::find(names_.begin(), end, name) != end) return false;
        names_[count_++] = name;
        return true;
    }

private:
    std::array<std::string_view, kMaxLabels> names_{};
    std::size_t count_ = 0;
};

}  // namespace

Result<void> append_labels(std::string& out, std::span<const Label> labels) {
    std::size_t block = 0;
    Names names;
    for (const Label& label : labels) {
        if (auto sound = check(label); !sound) return sound;
        if (!names.add(label.name))
            return bad_label(label.name, "given twice, or there are more than 32 labels");
        block += kLabelHeaderBytes + label.name.size() + label.value.size();
        if (block > kMaxLabelBlockBytes) {
            return bad_label(label.name, "all labels together have at most 1024 bytes");
        }
    }
    std::array<std::byte, kBlockBytesBytes + kMaxLabelBlockBytes> buffer;
    ByteWriter writer(buffer);
    writer.u16be(static_cast<std::uint16_t>(block));
    for (const Label& label : labels) {
        writer.u8(static_cast<std::uint8_t>(label.name.size()));
        writer.u16be(static_cast<std::uint16_t>(label.value.size()));
        writer.put(label.name);
        writer.put(label.value);
    }
    out += as_text(writer.written());
    return {};
}

Result<std::size_t> label_block_size(std::string_view payload) {
    const Error bad{Errc::bad_packet, "labels"};
    ByteReader in(as_bytes(payload));
    const std::size_t size = in.u16be();
    ByteReader block(in.take(size));
    if (!in.ok() || size == 0 || size > kMaxLabelBlockBytes) return bad;
    Names names;
    while (block.left() > 0) {
        const std::size_t name_bytes = block.u8(), value_bytes = block.u16be();
        const std::string_view name = as_text(block.take(name_bytes));
        const std::string_view value = as_text(block.take(value_bytes));
        if (!block.ok() || !check({name, value}) || !names.add(name)) return bad;
    }
    return kBlockBytesBytes + size;
}

}  // namespace mailslot::wire
