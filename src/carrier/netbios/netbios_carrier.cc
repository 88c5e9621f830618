#include "carrier/netbios/netbios_carrier.h"

#include <optional>

#include "carrier/netbios/netbios_receiver.h"
#include "carrier/netbios/own_names.h"
#include "wire/smb_mailslot.h"

namespace mailslot {
namespace {

// Says which carrier failed, for callers that start several.
Error by_the_classic_wire(Error error) {
    error.detail.insert(0, "by the classic wire: ");
    return error;
}

class NetbiosCarrier final : public Carrier {
public:
    NetbiosCarrier(const Settings& settings, NetbiosPorts ports)
        : settings_(settings), ports_(ports), names_(own_names(settings)) {
        if (names_) sender_.emplace(settings_, *names_, ports_);
    }

    CarrierTraits traits() const override {
        return {"netbios", wire::max_classic_message_bytes("A")};
    }

    Result<void> start() override { return start_with({}); }

    Result<void> start_with(std::vector<ListeningSocket> sockets) override {
        if (receiver_) return {};
        if (!names_) return by_the_classic_wire(names_.error());
        auto receiver = NetbiosReceiver::open(
            settings_, *names_, ports_, {datagram_counters_, name_counters_}, std::move(sockets));
        if (!receiver) return by_the_classic_wire(receiver.error());
        receiver_ = std::move(*receiver);
        return {};
    }

    std::vector<ListeningSocket> hand_over() override {
        std::vector<ListeningSocket> sockets;
        if (receiver_) sockets = receiver_->release();
        receiver_.reset();
        return sockets;
    }

    std::vector<ListeningSocket> lend() const override {
        return receiver_ ? receiver_->lend() : std::vector<ListeningSocket>();
    }

    os::Handle poll_fd() const override { return receiver_ ? receiver_->poll_fd() : os::kNoHandle; }

    bool receive(const Deliver& deliver) override {
        return receiver_ && receiver_->receive(deliver);
    }

    Result<std::size_t> send(const Destination& to, std::span<const Envelope> messages) override {
        if (!sender_) return names_.error();
        return sender_->send(to, messages);
    }

    CarrierCounters counters() const override {
        CarrierCounters counters;
        counters.rx_datagrams = datagram_counters_.rx_datagrams;
        counters.rx_bad_packet = datagram_counters_.bad_packet;
        counters.rx_kernel_drops = earlier_drops_ + (receiver_ ? receiver_->kernel_drops() : 0);
        counters.tx_datagrams = sender_ ? sender_->sent() : 0;
        counters.tx_failed = sender_ ? sender_->failed() : 0;
        return counters;
    }

    std::vector<FurtherCounter> further_counters() const override {
        return {{"netbios_rx_datagrams", datagram_counters_.rx_datagrams},
                {"netbios_bad_packet", datagram_counters_.bad_packet},
                {"netbios_other_name", datagram_counters_.other_name},
                {"netbios_own", datagram_counters_.own},
                {"netbios_repeats", datagram_counters_.repeats},
                {"netbios_name_packets", name_counters_.packets},
                {"netbios_bad_name_packets", name_counters_.bad_packets},
                {"netbios_names", name_counters_.names, true},
                {"netbios_names_refused", name_counters_.names_refused, true}};
    }

    void stop() override {
        if (receiver_) {
            receiver_->give_names_back();
            earlier_drops_ += receiver_->kernel_drops();
        }
        receiver_.reset();
    }

private:
    const Settings settings_;
    const NetbiosPorts ports_;
    const Result<OwnNames> names_;
    ClassicCounters datagram_counters_;
    NameCounters name_counters_;
    std::optional<NetbiosSender> sender_;  // none: the machine's name is not possible there
    std::unique_ptr<NetbiosReceiver> receiver_;
    std::uint64_t earlier_drops_ = 0;  // by closed sockets
};

}  // namespace

std::unique_ptr<Carrier> make_netbios_carrier(const Settings& settings) {
    return make_netbios_carrier(settings, NetbiosPorts{});
}

std::unique_ptr<Carrier> make_netbios_carrier(const Settings& settings, NetbiosPorts ports) {
    return std::make_unique<NetbiosCarrier>(settings, ports);
}

}  // namespace mailslot
