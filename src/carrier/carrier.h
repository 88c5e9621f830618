// The receiving half of every transport, with which a post office also answers. The half for
// writers is in carrier_writer.h. Test doubles: testing/fake_carrier.h (in memory) and
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

// Value of Envelope::machine_id by carriers that have no such field: a gateway passed the message on.
inline constexpr std::uint64_t kPassedOn = 1;

struct CarrierTraits {
    std::string_view name;              // "udp"
    std::size_t max_message_bytes = 0;  // the largest payload for send()
};

// Datagrams that a carrier received but did not deliver, and losses below it that it knows of.
struct CarrierCounters {
    std::uint64_t rx_datagrams = 0, rx_bad_packet = 0, rx_unknown_version = 0, rx_sealed = 0;
    std::uint64_t rx_sealed_copies = 0, rx_not_trusted = 0, rx_wrong_time = 0;
    std::uint64_t rx_other_interface = 0;  // came by an interface that the settings exclude
    std::uint64_t rx_kernel_drops = 0;     // no room in the socket's buffer; a piece counts as one
    std::uint64_t tx_datagrams = 0;        // counted for each interface and family used
    std::uint64_t tx_failed = 0;           // did not leave; counted likewise
    std::uint64_t deaf_interfaces = 0;     // usable, but joining the group failed; present number
};

// The names of these counters. The post office's own carrier tells them all.
struct CarrierCounter {
    std::string_view name;
    std::uint64_t CarrierCounters::*count;
    bool is_level = false;  // may go down
};

inline constexpr CarrierCounter kCarrierCounters[] = {
    {"rx_datagrams", &CarrierCounters::rx_datagrams},
    {"rx_bad_packet", &CarrierCounters::rx_bad_packet},
    {"rx_unknown_version", &CarrierCounters::rx_unknown_version},
    {"rx_sealed", &CarrierCounters::rx_sealed},
    {"rx_sealed_copies", &CarrierCounters::rx_sealed_copies},
    {"rx_not_trusted", &CarrierCounters::rx_not_trusted},
    {"rx_wrong_time", &CarrierCounters::rx_wrong_time},
    {"rx_other_interface", &CarrierCounters::rx_other_interface},
    {"rx_kernel_drops", &CarrierCounters::rx_kernel_drops},
    {"tx_datagrams", &CarrierCounters::tx_datagrams},
    {"tx_failed", &CarrierCounters::tx_failed},
    {"deaf_interfaces", &CarrierCounters::deaf_interfaces, true},
};
static_assert(sizeof(CarrierCounters) ==
              sizeof(kCarrierCounters) / sizeof(CarrierCounter) * sizeof(std::uint64_t));

// A counter that only a single kind of carrier has.
struct FurtherCounter {
    std::string_view name;
    std::uint64_t count = 0;
    bool is_level = false;  // may go down
};

// briefly: the caller can wait outside of its lock. never: the caller serves other writers, too.
enum class WaitForTurn : std::uint8_t { as_needed, briefly, never };

// Destination of a message, as a carrier sees it.
struct Destination {
    Scope scope = Scope::everybody;
    std::string to{};     // as in an Envelope
    IpAddress address{};  // unicast address; Family::none: to the group
    // For an answer: the port at `address`. The answer leaves from the port that we listen on, and
    // goes no further than a message to the group. 0: no answer.
    std::uint16_t port = 0;
    // For an answer: the address that was asked, from which the answer leaves. If none or a group,
    // the system chooses.
    IpAddress source{};
    // For an answer: the folded domain whose key seals it; empty: not sealed. docs/trust.md says
    // how all else is sealed.
    std::string domain{};
    // Never seals, whatever keys are here: a gateway does not know who wrote the messages that it
    // passes on.
    bool in_clear = false;
    // The caller sends the rest again later, so nothing is dropped: send() neither waits for room
    // nor counts a loss.
    bool keeps_rest = false;
    // How long FrameSender::send_packed() waits for its turn by the pace of its path.
    WaitForTurn wait_for_turn = WaitForTurn::as_needed;
};

// A listening socket on its way to the next post office (docs/office.md, "Handing over").
struct ListeningSocket {
    os::GuardedFd fd;
    std::vector<std::byte> memo{};  // in the carrier's own format; may be empty
};

// The replay windows of sealed datagrams, on their way to the next post office.
class ReplayMemory {
public:
    virtual ~ReplayMemory() = default;
    virtual void save_windows(const std::function<void(const wire::SealerState&)>& to) const = 0;
    virtual void restore_window(const wire::SealerState& state) = 0;
};

class Carrier {
public:
    // Receives a batch of arrived parcels, which borrow the receive buffer until the call returns.
    // Called from receive() only.
    using Deliver = std::function<void(std::span<const Parcel>)>;

    virtual ~Carrier() = default;
    virtual CarrierTraits traits() const = 0;

    // Also opens for receiving. A carrier that is never started only sends.
    // Errors: no_permission, no_resources, port_taken.
    virtual Result<void> start() = 0;
    // Starts with sockets that another carrier of its kind handed over; closes those that do not
    // fit.
    virtual Result<void> start_with(std::vector<ListeningSocket> sockets) = 0;
    // Returns an error (Reason::one_family) if the carrier started but hears only a part of the
    // network: the system refuses sockets of an address family of which this machine has addresses.
    virtual std::optional<Error> heard_in_part() const { return {}; }
    // Stops and returns the listening sockets, which go on collecting datagrams.
    virtual std::vector<ListeningSocket> hand_over() = 0;

    // Returns duplicates of the listening sockets, for a process that takes over if this process
    // stops answering. Empty if the carrier lends none.
    virtual std::vector<ListeningSocket> lend() const { return {}; }

    // Returns a descriptor that is readable when receive() has work; kNoHandle if there is none (fake, not
    // started).
    virtual os::Handle poll_fd() const = 0;
    // Delivers about a batch of arrived datagrams; never blocks. Returns true if more may be
    // waiting.
    virtual bool receive(const Deliver& deliver) = 0;

    // Before start(): the carrier tells writers how their streams to many arrive here, if `takes` says
    // that a slot here takes the messages. `takes` is called from receive() only. A carrier without
    // reports ignores the call.
    using Takes = std::function<bool(const Parcel&)>;
    virtual void report_groups(Takes takes) { (void)takes; }

    // Sends whole messages (or an end, query or answer) in order, packed and fragmented as the
    // carrier can. All messages must have the same origin, slot and from_host. May wait for its
    // pace, for room or for a neighbour, but only for a bounded time. Returns how many messages
    // were taken.
    // Errors: message_too_big, unreachable, no_resources.
    virtual Result<std::size_t> send(const Destination& to, std::span<const Envelope> messages) = 0;

    virtual CarrierCounters counters() const = 0;
    virtual std::vector<FurtherCounter> further_counters() const = 0;

    // Returns null if the carrier opens no sealed datagrams.
    virtual ReplayMemory* replay_memory() { return nullptr; }
    virtual void stop() = 0;  // nothing is received after the call
};

}  // namespace mailslot
