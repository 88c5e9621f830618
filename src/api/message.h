// Makes a Message out of what came from the inbox.
#pragma once

#include <map>
#include <memory>
#include <mutex>
#include <string>

#include "inbox/inbox.h"
#include "mailslot/mailslot.h"
#include "model/ip_address.h"
#include "os/biased_mutex.h"

namespace mailslot {

// What many messages have in common; made once, shared by all of them.
struct MessageSource {
    std::string slot, from_host, from_address;
};

// The writer of Message's private parts.
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

// Threads: any.
class MessageMaker {
public:
    MessageMaker(std::string slot, std::string own_host);
    // The payload is in the message's memory already.
    void make(Message& message, const inbox::RecordEnvelope& record);

private:
    std::shared_ptr<const MessageSource> remote_source(std::uint64_t origin, std::string_view host,
                                                       const IpAddress& address);

    struct Remote {
        IpAddress address;
        std::shared_ptr<const MessageSource> source;
    };
    // What the meta of the last record said.
    struct Sender {
        std::uint64_t meta_number = 0;  // of no record
        std::shared_ptr<const MessageSource> source;
        Trust trust = Trust::none;
        std::uint64_t lost_before = 0;
    };

    const std::string slot_;
    const std::shared_ptr<const MessageSource> local_;
    os::BiasedMutex mutex_;  // guards what follows
    Sender last_;
    std::map<std::uint64_t, Remote> remote_;  // by origin
};

}  // namespace mailslot
