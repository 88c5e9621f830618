// The writing half of a carrier: sends the messages of a writer to other machines. Each writer has
// an object of its own for each carrier, or a WriterGroup (writer_group.h) of several. Test double:
// testing/fake_writer.h. The receiving half is in carrier.h.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "mailslot/mailslot.h"
#include "mailslot/result.h"
#include "model/address.h"
#include "model/form.h"
#include "model/settings.h"
#include "wire/frame.h"

namespace mailslot {

// Pause before the next try to find room in the send buffers. At 100 Mbit/s a fifth of a small send
// buffer leaves meanwhile.
inline constexpr std::chrono::milliseconds kRoomRetry{5};

// The path of a stream to one machine, or to the slowest reader of many, as its reports show it.
struct PathInfo {
    enum class Limit : std::uint8_t {
        none,     // all that the writer put fitted
        path,     // a queue stands at the path's slowest link
        reader,   // the reader's buffer is filling
        setting,  // send_rate
        unheard,  // no reports: send_rate_unheard
        floor,    // group_floor: the slowest reader takes less
    };
    double rate = 0;  // bytes a second that may be sent
    std::chrono::microseconds round_trip{};
    Limit limit = Limit::none;
    std::uint64_t reported_bytes = 0;  // sent, and reported as arrived or lost
    std::uint64_t lost_bytes = 0;      // of these
    std::string slowest{};             // of many: the address of the slowest reader
};

// A way out of this machine: an interface and address family, or the address of one machine.
struct WayInfo {
    std::string name{};              // "eth0 IPv4", "10.0.0.7"
    std::uint64_t sent = 0;          // datagrams that left by this way
    std::uint64_t dropped = 0;       // datagrams that did not
    std::optional<Error> error{};    // why the last of the dropped did not leave
    std::optional<PathInfo> path{};  // if a stream was too fast to leave without reports
};

// How a writer's messages left this machine.
struct Departures {
    std::uint64_t messages_lost = 0;  // sent on no way; readers count them as gaps
    std::vector<WayInfo> ways{};
};

// The parameters of a new writer. All references must outlive the writer.
struct WriterNeeds {
    const Address& address;
    const Settings& settings;
    const Clock& clock;
    std::uint64_t origin = 0;
    Timeout wait_for_address{0};  // for a host's, before the first message
    bool is_to_host = false;      // the address names another machine
};

// Threads: one at a time.
// Fork: a child makes its own. Messages that its parent holds stay the parent's.
class CarrierWriter {
public:
    // Messages that belong together.
    struct Batch {
        std::span<const std::string_view> texts;
        Form form{};
        std::uint64_t first_sequence = 0;
        std::int64_t sent_at_us = 0;
        std::uint64_t machine_id = 0;
        bool delivered_at_home = false;
        bool continues = false;  // belongs to the same put as the batch before
        bool waits = false;      // the caller waits if there is no room
    };

    virtual ~CarrierWriter() = default;

    // Returns how many messages from the first one on the carrier can take, at least one.
    // Errors: message_too_big, bad_name, bad_config; no_permission if the messages must be sealed
    // and the carrier cannot.
    virtual Result<std::size_t> how_many_fit(std::span<const std::string_view> texts,
                                             Form form) = 0;

    // Sends or holds messages that fit. Returns how many.
    // Errors, of the first message: unreachable, no_resources, message_too_big, bad_name,
    // bad_config, no_permission.
    virtual Result<std::size_t> put(const Batch& batch) = 0;
    // Returns whether the number of the message after those that the last put() took is used up,
    // because parts of the message may have left. The number must never name another message.
    virtual bool has_used_next() const { return false; }
    // Returns whether the last put() or flush() stopped for want of room in the send buffers.
    // Nothing is lost, and the caller may wait kRoomRetry and call again.
    virtual bool wants_room() const { return false; }

    // Fast path of a stream: holds a message that needs nothing else done. Returns false if nothing
    // was done; then call put().
    virtual bool hold(const wire::FrameRecord& message) {
        (void)message;
        return false;
    }
    // From now on every put is sent at once.
    virtual void hold_nothing() {}

    // Returns when to call send_held() at the latest. None: nothing is held.
    virtual std::optional<Clock::Instant> due() const { return {}; }
    // Sends held messages that can leave now.
    virtual void send_held() {}
    // Sends held messages, and waits for those whose receiver is being looked up.
    virtual void flush() {}
    // Sends held messages at the end of the process. Waits while room keeps coming, but only for a
    // bounded time.
    virtual void finish() { flush(); }
    // Returns the error of messages that were held, once, with Reason::earlier_messages. Call before
    // each put.
    virtual std::optional<Error> take_late_error() { return {}; }

    // Sends held messages as finish() does, and tells readers that the writer closes.
    virtual void end(std::uint64_t next_sequence) = 0;
    virtual Departures departures() const { return {}; }
};

}  // namespace mailslot
