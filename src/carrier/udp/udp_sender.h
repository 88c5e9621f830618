// The sending half of the udp carrier. All messages but answers leave through send_batch() or
// send_end().
#pragma once

#include <atomic>
#include <chrono>
#include <cstdint>
#include <optional>
#include <span>
#include <vector>

#include "base/clock.h"
#include "carrier/udp/frame_sealer.h"
#include "carrier/udp/frame_sender.h"
#include "carrier/udp/group_pacer.h"
#include "carrier/udp/host_resolver.h"
#include "carrier/udp/open_piece.h"
#include "carrier/udp/pacer.h"
#include "carrier/udp/path_pacer.h"
#include "carrier/udp/udp_group.h"
#include "carrier/udp/ways.h"
#include "model/settings.h"
#include "os/interfaces.h"
#include "os/udp_socket.h"

namespace mailslot {

// The machines that messages to the group are for.
enum class UdpReach { network, this_machine };

// Whether a stream keeps the pace of its path, or of its slowest reader's. An office must not wait
// for a path.
enum class UdpPace { fixed, of_path };

// Opens nothing until the first send(). The settings must outlive the sender.
// Threads: one at a time; sent() and failed(): any.
class UdpSender final : public FrameSender {
public:
    UdpSender(const Settings& settings, UdpReach reach, UdpPace pace)
        : settings_(settings),
          reach_(reach),
          may_pace_path_(pace == UdpPace::of_path && settings.send_rate_unheard_bytes != 0),
          pacer_(settings.send_rate_bytes),
          ways_(settings.hop_limit),
          sealer_(settings.keys) {}
    UdpSender(const UdpSender&) = delete;
    UdpSender& operator=(const UdpSender&) = delete;

    std::size_t max_frame_bytes() const override;
    // A message is taken if each of its datagrams left by at least one way.
    Result<std::size_t> send(const Destination& to, std::span<const Envelope> messages) override;
    Result<std::size_t> send_packed(const Destination& to, std::span<const Bytes> frames) override;
    std::vector<WayInfo> ways() const override;

    // Datagrams that left and that did not, counted for each interface and family used.
    std::uint64_t sent() const { return sent_.load(std::memory_order_relaxed); }
    std::uint64_t failed() const { return failed_.load(std::memory_order_relaxed); }

private:
    Result<void> find_ways(const IpAddress& address);
    void add_way(const IpAddress& address, const os::Outlet& outlet, const std::string& name);
    void add_peers();
    void refresh_links();
    std::vector<Link> links_of_the_system() const;
    void choose_path();
    bool is_at_home() const;
    std::chrono::nanoseconds patience() const;
    void keep_pace(std::span<const Bytes> frames, std::span<const Bytes> datagrams);
    bool wait_for_neighbours(std::span<const Bytes> datagrams);
    std::size_t send_batch(std::span<const Bytes> frames);
    std::size_t send_by_each(std::span<const Bytes> datagrams);
    std::size_t send_end(std::span<const Bytes> frames);
    bool wait_for_room();
    void count(std::size_t left, std::size_t dropped);
    Error no_way_out() const;

    const Settings& settings_;
    const UdpReach reach_;
    const bool may_pace_path_;
    const SystemClock clock_{};
    std::unique_ptr<HostResolver> peer_resolver_;  // made when needed
    std::atomic<std::uint64_t> sent_{0}, failed_{0};
    OpenPiece piece_;  // for send()
    Pacer pacer_;
    std::optional<PathPacer> path_;            // of the last stream to one machine
    std::optional<GroupPacer> group_;          // of the stream to many
    StreamPacer* stream_ = nullptr;            // the current send(); null: has no pace of its own
    std::optional<os::InterfaceWatch> watch_;  // none: not available
    std::optional<Clock::Instant> listed_;     // when the list of interfaces was last read
    std::vector<Link> links_;                  // as of listed_
    std::vector<std::string> link_names_;      // parallel to links_: "eth0 IPv4"
    Ways ways_;                                // in_use(): ways of the current send()
    bool is_to_many_ = false;                  // the current send()
    bool keeps_rest_ = false;                  // likewise: Destination::keeps_rest
    WaitForTurn wait_for_turn_{};              // likewise: Destination::wait_for_turn
    bool is_held_ = false;                     // likewise: datagrams wait for a neighbour or a turn
    bool is_early_ = false;                    // likewise: the caller keeps them
    bool has_waited_long_ = false;             // the last send waited as long as it may
    int waits_left_ = 0;                       // left in the current send()
    int waits_without_progress_ = 0;           // likewise
    FrameSealer sealer_;                       // with the key for the current send()
    std::vector<std::size_t> taken_;           // by each way, from the datagrams being sent
};

}  // namespace mailslot
