// Iterates over the messages of an end, until getting the next message fails.
#pragma once

#include <cstddef>
#include <iterator>
#include <utility>

#include "mailslot/message.h"

namespace mailslot::detail {

template <class End>
class MessageIterator {
public:
    using value_type = Message;
    using difference_type = std::ptrdiff_t;

    explicit MessageIterator(End& end) : end_(&end) { ++*this; }
    const Message& operator*() const { return message_; }
    const Message* operator->() const { return &message_; }
    MessageIterator& operator++() {
        if (!get_next()) end_ = nullptr;
        return *this;
    }
    void operator++(int) { ++*this; }
    bool operator==(std::default_sentinel_t) const { return end_ == nullptr; }

private:
    bool get_next() {
        if constexpr (requires { end_->get_into(message_); }) {
            return end_->get_into(message_).has_value();  // reuses the message's memory
        } else {
            auto next = end_->get();
            if (next) message_ = std::move(*next);
            return next.has_value();
        }
    }

    End* end_;
    Message message_;
};

}  // namespace mailslot::detail
