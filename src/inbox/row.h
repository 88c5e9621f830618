// The rest of a row that is being read: docs/inbox.md section 2.
#pragma once

#include <cstddef>
#include <cstdint>

#include "inbox/layout.h"
#include "model/contents.h"

namespace mailslot::inbox {

class Row {
public:
    Row() = default;
    // The row's messages are the `bytes` from `begin` on. The next record is at `behind`.
    Row(std::size_t messages, const std::byte* begin, std::size_t bytes, std::int64_t base_us,
        Position behind)
        : left_(messages), next_(begin), end_(begin + bytes), base_us_(base_us), behind_(behind) {}

    bool is_over() const { return left_ == 0; }
    // Reads the head of the next message. Returns false on damage.
    bool look(ContentHead& head) const {
        const auto bytes_left = static_cast<std::size_t>(end_ - next_);
        if (bytes_left < kContentHeadBytes) return false;
        head = ContentHead::at(next_);
        // The last message must end where the row does, and no other may.
        return (head.size() == bytes_left) == (left_ == 1) && head.size() <= bytes_left &&
               form_from_byte(head.form_byte).has_value();
    }
    const std::byte* payload() const { return next_ + kContentHeadBytes; }
    std::int64_t sent_at_us(const ContentHead& head) const { return base_us_ + head.sent_after_us; }
    void remove_front(const ContentHead& head) {
        next_ += head.size();
        left_ -= 1;
    }
    Position behind() const { return behind_; }

private:
    std::size_t left_ = 0;  // messages between next_ and end_
    const std::byte *next_ = nullptr, *end_ = nullptr;
    std::int64_t base_us_ = 0;
    Position behind_;
};

}  // namespace mailslot::inbox
