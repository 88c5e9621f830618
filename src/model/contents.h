// Messages of a writer with consecutive numbers, packed as in a frame. They keep this form from the
// datagram to the inbox. docs/protocol/frame.md, "Message"
#pragma once

#include <cstddef>
#include <cstdint>

#include "base/bytes.h"
#include "model/form.h"

namespace mailslot {

// A message's own fields among others that travel with it.
struct Content {
    Bytes payload{};
    std::int64_t sent_at_us = 0;
    Form format{};
};

inline constexpr std::size_t kContentHeadBytes = 7;

// The head before a message's payload. The bytes may be a stranger's, and in shared memory they may
// change at any time.
struct ContentHead {
    std::uint8_t form_byte = 0;
    std::uint32_t sent_after_us = 0;  // after the contents' base time
    std::uint16_t payload_bytes = 0;

    static ContentHead at(const std::byte* place) {
        return {std::to_integer<std::uint8_t>(place[0]), load_u32be(place + 1),
                load_u16be(place + 5)};
    }
    std::size_t size() const { return kContentHeadBytes + payload_bytes; }  // including the payload
};

inline void put_content(ByteWriter& out, Form format, std::uint32_t sent_after_us, Bytes payload) {
    out.u8(to_byte(format));
    out.u32be(sent_after_us);
    out.u16be(static_cast<std::uint16_t>(payload.size()));
    out.put(payload);
}

// Borrows bytes that are known to be exactly `count` messages, of known formats, whose times do not
// overflow.
class Contents {
public:
    Contents() = default;
    Contents(Bytes bytes, std::size_t count, std::int64_t base_us, std::uint32_t last_after_us)
        : bytes_(bytes), count_(count), base_us_(base_us), last_after_us_(last_after_us) {}

    bool empty() const { return count_ == 0; }
    std::size_t size() const { return count_; }
    Bytes bytes() const { return bytes_; }
    std::int64_t base_us() const { return base_us_; }  // base time of the messages
    std::size_t payload_bytes() const { return bytes_.size() - count_ * kContentHeadBytes; }
    std::int64_t last_sent_at_us() const { return base_us_ + last_after_us_; }

    // Must not be empty.
    Content front() const {
        const ContentHead head = ContentHead::at(bytes_.data());
        return {bytes_.subspan(kContentHeadBytes, head.payload_bytes),
                base_us_ + head.sent_after_us,
                form_from_byte(head.form_byte).value_or(Format::bytes)};
    }
    void remove_front() {
        bytes_ = bytes_.subspan(ContentHead::at(bytes_.data()).size());
        --count_;
    }
    // Returns the first messages, at most `most`.
    Contents first(std::size_t most) const {
        if (most >= count_) return *this;
        Contents some;
        some.base_us_ = base_us_;
        std::size_t end = 0;
        for (; some.count_ < most; ++some.count_) {
            const ContentHead head = ContentHead::at(bytes_.data() + end);
            some.last_after_us_ = head.sent_after_us;
            end += head.size();
        }
        some.bytes_ = bytes_.first(end);
        return some;
    }

private:
    Bytes bytes_{};
    std::size_t count_ = 0;
    std::int64_t base_us_ = 0;
    std::uint32_t last_after_us_ = 0;
};

}  // namespace mailslot
