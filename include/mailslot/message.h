// A message as its reader receives it: the payload and its envelope.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "mailslot/result.h"
#include "mailslot/types.h"

namespace mailslot {

// A value. Views are valid as long as the message is neither changed nor destroyed.
class MAILSLOT_API Message {
public:
    // The payload.
    std::span<const std::byte> bytes() const { return std::as_bytes(std::span(text())); }
    std::string_view text() const {
        return std::string_view(data_).substr(has_labels() ? text_at_ : 0);
    }
    std::size_t size() const { return text().size(); }
    Format format() const { return format_; }

    std::string_view slot() const;  // as its reader wrote the name

    // The writer.
    std::string_view from_host() const;     // the name that its machine gives itself
    std::string_view from_address() const;  // "10.0.0.7"; empty if it is on this machine
    Trust trust() const { return trust_; }
    std::uint64_t origin() const { return origin_; }      // its random identity
    std::uint64_t sequence() const { return sequence_; }  // counts its messages from 1
    // By the clock of its machine.
    std::chrono::system_clock::time_point sent_at() const { return sent_at_; }
    // Messages of this writer that were lost since its last message here.
    std::uint64_t lost_before() const { return lost_before_; }

    std::vector<Label> labels() const;                    // as the writer gave them
    std::string_view label(std::string_view name) const;  // empty if there is none

private:
    friend struct MessageAccess;
    // False after a move: the payload and its labels are gone.
    bool has_labels() const { return text_at_ > 0 && text_at_ <= data_.size(); }

    std::string data_;
    std::shared_ptr<const struct MessageSource> source_;  // shared by many messages
    std::uint64_t origin_ = 0, sequence_ = 0, lost_before_ = 0;
    std::uint32_t text_at_ = 0;  // behind the labels
    std::chrono::system_clock::time_point sent_at_{};
    Format format_ = Format::bytes;
    Trust trust_ = Trust::none;
};

}  // namespace mailslot
