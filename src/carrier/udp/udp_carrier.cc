#include "carrier/udp/udp_carrier.h"

#include "carrier/udp/udp_counters.h"
#include "carrier/udp/udp_receiver.h"
#include "carrier/udp/udp_sender.h"
#include "trust/replay_windows.h"

namespace mailslot {
namespace {

class UdpCarrier final : public Carrier, public ReplayMemory {
public:
    explicit UdpCarrier(const Settings& settings)
        : settings_(settings), sender_(settings_, UdpReach::network, UdpPace::fixed) {}

    CarrierTraits traits() const override { return {"udp", kMaxNetworkMessageBytes}; }

    Result<void> start() override { return start_with({}); }

    Result<void> start_with(std::vector<ListeningSocket> sockets) override {
        if (receiver_) return {};
        auto receiver =
            UdpReceiver::open(settings_, counters_, windows_, std::move(sockets), takes_);
        if (!receiver) return receiver.error();
        receiver_ = std::move(*receiver);
        return {};
    }

    void report_groups(Takes takes) override { takes_ = std::move(takes); }

    std::vector<ListeningSocket> hand_over() override {
        std::vector<ListeningSocket> sockets;
        if (receiver_) sockets = receiver_->release();
        receiver_.reset();
        counters_.deaf_interfaces = 0;
        return sockets;
    }

    std::vector<ListeningSocket> lend() const override {
        return receiver_ ? receiver_->lend() : std::vector<ListeningSocket>();
    }

    std::optional<Error> heard_in_part() const override {
        return receiver_ ? receiver_->heard_in_part() : std::nullopt;
    }

    os::Handle poll_fd() const override { return receiver_ ? receiver_->poll_fd() : os::kNoHandle; }

    bool receive(const Deliver& deliver) override {
        return receiver_ && receiver_->receive(deliver);
    }

    Result<std::size_t> send(const Destination& to, std::span<const Envelope> messages) override {
        if (to.port != 0 && receiver_) return receiver_->answer(to, messages);
        return sender_.send(to, messages);
    }

    CarrierCounters counters() const override {
        return {
            .rx_datagrams = counters_.rx_datagrams,
            .rx_bad_packet = counters_.rx_bad_packet,
            .rx_unknown_version = counters_.rx_unknown_version,
            .rx_sealed = counters_.rx_sealed,
            .rx_sealed_copies = counters_.rx_sealed_copies,
            .rx_not_trusted = counters_.rx_not_trusted,
            .rx_wrong_time = counters_.rx_wrong_time,
            .rx_other_interface = counters_.rx_other_interface,
            .rx_kernel_drops = earlier_drops_ + (receiver_ ? receiver_->kernel_drops() : 0),
            .tx_datagrams = sender_.sent() + counters_.answers,
            .tx_failed = sender_.failed() + counters_.answers_failed,
            .deaf_interfaces = counters_.deaf_interfaces,
        };
    }

    ReplayMemory* replay_memory() override { return this; }
    void save_windows(const std::function<void(const wire::SealerState&)>& to) const override {
        windows_.save(to);
    }
    void restore_window(const wire::SealerState& state) override {
        // An invalid window is ignored; at worst a copy is taken again.
        (void)windows_.restore(state, clock_.now());
    }

    std::vector<FurtherCounter> further_counters() const override { return {}; }

    void stop() override {
        if (receiver_) earlier_drops_ += receiver_->kernel_drops();
        receiver_.reset();
        counters_.deaf_interfaces = 0;
    }

private:
    const Settings settings_;
    UdpCounters counters_;
    const SystemClock clock_{};
    trust::ReplayWindows windows_;  // for the receiver
    UdpSender sender_;
    Takes takes_;
    std::unique_ptr<UdpReceiver> receiver_;  // null: not started
    std::uint64_t earlier_drops_ = 0;        // by closed sockets
};

}  // namespace

std::unique_ptr<Carrier> make_udp_carrier(const Settings& settings) {
    return std::make_unique<UdpCarrier>(settings);
}

}  // namespace mailslot
