// Messages packed as in a frame, in memory of their own.
#pragma once

#include <span>
#include <vector>

#include "base/check.h"
#include "model/contents.h"

namespace mailslot {

class PackedContents {
public:
    // No message may be sent before the first one, or be longer than a frame allows.
    explicit PackedContents(std::span<const Content> contents) {
        std::size_t size = 0;
        for (const Content& one : contents) size += kContentHeadBytes + one.payload.size();
        bytes_.resize(size);
        ByteWriter out(bytes_);
        std::uint32_t after_us = 0;
        for (const Content& one : contents) {
            MAILSLOT_CHECK(one.sent_at_us >= contents[0].sent_at_us && one.payload.size() <= 65535);
            after_us = static_cast<std::uint32_t>(one.sent_at_us - contents[0].sent_at_us);
            put_content(out, one.format, after_us, one.payload);
        }
        if (!contents.empty()) {
            view_ = Contents(bytes_, contents.size(), contents[0].sent_at_us, after_us);
        }
    }
    operator Contents() const { return view_; }

private:
    std::vector<std::byte> bytes_;
    Contents view_;
};

}  // namespace mailslot
