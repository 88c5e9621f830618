// Looks for slots on the network: asks, asks again, and puts the answers together.
// docs/discovery.md.
// Threads: one at a time.
#pragma once

#include <chrono>
#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "api/process.h"
#include "carrier/udp/udp_asker.h"
#include "mailslot/discovery.h"
#include "model/address.h"
#include "wire/discovery.h"

namespace mailslot {

// Limits of what strangers can make a search keep.
inline constexpr std::size_t kMaxFoundMachines = 4096;
// Several per address, because each user of a machine may have a post office. Bounded, because a
// liar must not use up the room of all.
inline constexpr std::size_t kMaxMachinesOfAnAddress = 16;
inline constexpr std::size_t kMaxFoundSlots = 65536;

class Search {
public:
    // Searches for readers of a slot, or without an address for all slots everywhere.
    // Errors: bad_config; bad_name for a broadcast address.
    static Result<Search> create(const std::optional<Address>& address);

    // Looks for slots of this machine and sends the query. A network error is reported in found().
    // Errors: no_permission, no_resources.
    Result<void> ask();
    // Collects answers, and repeats the query in case of lost datagrams, until there are enough
    // answers or the time is over.
    // Errors: interrupted.
    Result<void> collect(const FindOptions& options);

    Found found() const;
    std::size_t machines() const;
    // The host whose clock differs most from ours, and how much it is ahead.
    struct ClockDifference {
        std::string host;
        std::chrono::milliseconds ahead{};
    };
    std::optional<ClockDifference> largest_clock_difference() const;
    // Returns the hosts that answered in a later version's format.
    std::vector<std::string> other_versions() const;

private:
    struct Answers {
        Machine machine;
        std::map<std::string, std::string> slots;  // by folded name
        std::uint32_t asked_from = 0;
        std::int64_t clock_ahead_us = 0;
    };

    Search(Process& process, const std::optional<Address>& address);
    Result<void> look_here();
    void send(const std::string* only_host, std::uint32_t first);
    void hear(const Envelope& envelope);
    void keep(Answers& from, const wire::Answer& answer);
    Answers* answers_of(const Envelope& envelope);
    bool is_here(const Envelope& envelope) const;
    bool is_enough(std::size_t enough) const { return enough > 0 && machines() >= enough; }

    Process& process_;
    std::string slot_;
    bool is_here_asked_ = true;
    std::vector<Destination> destinations_;
    std::unique_ptr<UdpAsker> asker_;
    std::uint64_t id_ = 0, machine_id_ = 0;
    std::optional<Error> network_error_;
    std::size_t slots_kept_ = 0;
    Answers here_;
    // Keyed by the number that the machine's post office drew and by its folded name: copies of one
    // machine may have the same number.
    std::map<std::pair<std::uint64_t, std::string>, Answers> others_;
};

}  // namespace mailslot
