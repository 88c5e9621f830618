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
    static void fill(Message& message, inbox::Record& record,
                     const std::shared_ptr<const MessageSource>& source, Trust trust,
                     std::uint64_t lost_before);
    static void read_labels(Message& message);
    // Its memory serves again; the message is empty then.
    static void take_memory(Message& message, std::string& memory) {
        memory.swap(message.data_);
        message.data_.clear();
        message.text_at_ = 0;
    }
};

// Threads: any.
class MessageMaker {
public:
    MessageMaker(std::string slot, std::string own_host);
    // Takes the record's payload; gives it the message's old memory in return.
    void make(Message& message, inbox::Record& record);

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
