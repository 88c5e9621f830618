// The port that every transport fills. Twins for tests: testing/fake_carrier.h (in memory) and
// testing/lossy_carrier.h (wraps any carrier; loses, repeats, reorders, delays, cuts).
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "mailslot/result.h"
#include "model/envelope.h"
#include "model/parcel.h"
#include "os/fork_guard.h"
#include "wire/office_state.h"

namespace mailslot {

struct CarrierTraits {
    std::string_view name;              // "udp"
    std::size_t max_message_bytes = 0;  // the largest payload that send() takes
    bool can_broadcast = false;         // reaches Scope::everybody and Scope::named
    // The largest frame that send_packed() should be given, as of now.
    std::size_t max_frame_bytes = kMaxDatagramBytes;
};

// What a carrier saw and did not hand on, and what it knows was lost below it.
struct CarrierCounters {
    std::uint64_t rx_datagrams = 0, rx_bad_packet = 0, rx_unknown_version = 0, rx_sealed = 0;
    std::uint64_t rx_sealed_copies = 0, rx_not_trusted = 0, rx_wrong_time = 0;
    std::uint64_t rx_other_interface = 0;  // by an interface that the settings leave out
    std::uint64_t rx_kernel_drops = 0;     // no room in the socket's buffer; a piece counts as one
    std::uint64_t tx_datagrams = 0;        // one for each interface and family that it left by
    std::uint64_t tx_failed = 0;           // the same, of those that did not leave
    std::uint64_t deaf_interfaces = 0;     // usable, but joining the group there failed; as of now
};

// What only one kind of carrier counts.
struct FurtherCounter {
    std::string_view name;
    std::uint64_t count = 0;
    bool is_level = false;  // it goes down, too
};

// A way out of this machine: an interface and address family, or the address of one machine.
struct WayInfo {
    std::string name{};            // "eth0 IPv4", "10.0.0.7"
    std::uint64_t sent = 0;        // datagrams that left by this way
    std::uint64_t dropped = 0;     // datagrams that did not
    std::optional<Error> error{};  // why the last of these did not leave
};

// Where a message goes, seen by a carrier.
struct Destination {
    Scope scope = Scope::everybody;
    std::string to{};     // as in an Envelope
    IpAddress address{};  // where to send it by unicast; Family::none: to the group
    // Of an answer: the port at `address` that it goes to, from the one that we listen on, and no
    // further than a message to the group. 0: all others.
    std::uint16_t port = 0;
    // For an answer: the address that was asked; it leaves from there. If none, or a group, the
    // system chooses.
    IpAddress source{};
    // Of an answer: whose key it is sealed with, folded; empty: none. What else is sent is sealed
    // as docs/trust.md says.
    std::string domain{};
    // Not sealed, whatever keys are here: who sends it on does not know who wrote it.
    bool in_clear = false;
    // The caller sends again what finds no room, so nothing is dropped: send() does not wait for
    // room, and counts no loss.
    bool keeps_rest = false;
};

// What a carrier listens with, on its way to the next post office (docs/office.md, "Handing
// over").
struct ListeningSocket {
    os::GuardedFd fd;
    std::vector<std::byte> memo{};  // in the carrier's own words; empty: it has none
};

// The step of heard_in_part().
inline constexpr const char* kOneFamily = "one address family";

inline bool is_of_one_family(const Error& error) {
    return std::string_view(error.step) == kOneFamily;
}

class Carrier {
public:
    // Gets what arrived, a batch at a time; the parcels borrow the receive buffer until it
    // returns. Called from receive() only.
    using Deliver = std::function<void(std::span<const Parcel>)>;

    virtual ~Carrier() = default;
    virtual CarrierTraits traits() const = 0;

    // Opens for receiving as well. A carrier that is never started only sends.
    // Errors: no_permission, no_resources, port_taken.
    virtual Result<void> start() = 0;
    // The same with what another one of its kind gave out of hand; what does not fit is closed.
    virtual Result<void> start_with(std::vector<ListeningSocket> sockets) = 0;
    // Why it does not hear all of the network, though it started: the system refuses sockets of one
    // address family (kOneFamily), and this machine has addresses of it.
    virtual std::optional<Error> heard_in_part() const { return {}; }
    // Stops, but for what it listened with: that goes on collecting what comes.
    virtual std::vector<ListeningSocket> hand_over() = 0;

    // Duplicates of what it listens with, for a process that goes on with them should this one not
    // answer any more. Nothing, where a carrier lends nothing.
    virtual std::vector<ListeningSocket> lend() const { return {}; }

    // A descriptor that polls readable when receive() has work; -1 where there is none (fake, not
    // started).
    virtual int poll_fd() const = 0;
    // Hands over what is there, about a batch; never blocks. True: more may be waiting.
    virtual bool receive(const Deliver& deliver) = 0;

    // Sends whole messages (or an end, query or answer) of one writer, in order, packed and
    // fragmented as the carrier can; never blocks; says how many it took. All have the same origin,
    // slot and from_host. Errors: message_too_big, unreachable, no_resources.
    virtual Result<std::size_t> send(const Destination& to, std::span<const Envelope> messages) = 0;

    // The same with frames of messages that are packed already (carrier/udp/open_piece.h): how many
    // frames left. Errors: unreachable, no_resources.
    virtual Result<std::size_t> send_packed(const Destination& to,
                                            std::span<const Bytes> frames) = 0;

    virtual CarrierCounters counters() const = 0;
    virtual std::vector<FurtherCounter> further_counters() const = 0;

    // The ways that messages took so far. A carrier that has only one has nothing to say.
    virtual std::vector<WayInfo> ways() const { return {}; }

    // Which sealed datagrams came, on the way to the next post office. A carrier that opens none
    // has nothing to say.
    virtual void save_windows(const std::function<void(const wire::SealerState&)>& to) const {
        (void)to;
    }
    virtual void restore_window(const wire::SealerState& state) { (void)state; }
    virtual void stop() = 0;  // after it returns, nothing is received any more
};

}  // namespace mailslot
