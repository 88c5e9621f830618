// Makes a Message from a record of the inbox.
#pragma once

#include <map>
#include <memory>
#include <string>

#include "inbox/inbox.h"
#include "mailslot/mailslot.h"
#include "model/ip_address.h"

namespace mailslot {

// The part that many messages share, made once.
struct MessageSource {
    std::string slot, from_host, from_address;
};

// Access to the private parts of Message.
struct MessageAccess {
    static std::string& memory_of(Message& message) { return message.data_; }
    static void fill(Message& message, const inbox::RecordEnvelope& record,
                     const std::shared_ptr<const MessageSource>& source, Trust trust,
                     std::uint64_t lost_before);
    static void read_labels(Message& message);
    static void clear(Message& message) {
        message.data_.clear();
        message.text_at_ = 0;
    }
};

inline void MessageAccess::fill(Message& message, const inbox::RecordEnvelope& record,
                                const std::shared_ptr<const MessageSource>& source, Trust trust,
                                std::uint64_t lost_before) {
    // A reused message usually has the same source again. Changing the reference count has a cost.
    if (message.source_ != source) message.source_ = source;
    message.origin_ = record.origin;
    message.sequence_ = record.sequence;
    message.lost_before_ = lost_before;
    message.sent_at_ = std::chrono::system_clock::time_point(
        std::chrono::duration_cast<std::chrono::system_clock::duration>(
            std::chrono::microseconds(record.sent_at_us)));
    message.format_ = record.format.format;
    message.text_at_ = 0;
    if (record.format.labelled) read_labels(message);
    message.trust_ = trust;
}

// Threads: one at a time.
class MessageMaker {
public:
    MessageMaker(std::string slot, std::string own_host);
    // Fills the message, whose memory holds the payload already.
    void make(Message& message, const inbox::RecordEnvelope& record) {
        if (record.kind != inbox::RecordKind::local) return make_remote(message, record);
        MessageAccess::fill(message, record, local_, Trust::local, record.dropped_before);
    }

private:
    void make_remote(Message& message, const inbox::RecordEnvelope& record);
    std::shared_ptr<const MessageSource> remote_source(std::uint64_t origin, std::string_view host,
                                                       const IpAddress& address);

    struct Remote {
        IpAddress address;
        std::shared_ptr<const MessageSource> source;
    };
    // Decoded meta of the last record from the network.
    struct Sender {
        std::uint64_t meta_number = 0;  // 0: no record yet
        std::shared_ptr<const MessageSource> source;
        Trust trust = Trust::none;
        std::uint64_t lost_before = 0;
    };

    const std::string slot_;
    const std::shared_ptr<const MessageSource> local_;
    Sender last_;
    std::map<std::uint64_t, Remote> remote_;  // by origin
};

}  // namespace mailslot
