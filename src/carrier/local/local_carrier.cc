#include "carrier/local/local_carrier.h"

#include <array>
#include <atomic>
#include <chrono>
#include <optional>
#include <vector>

#include "base/hex.h"
#include "base/random.h"
#include "carrier/udp/datagram_packer.h"
#include "os/local_datagram.h"
#include "wire/frame.h"

namespace mailslot {
namespace {

// A socket queues few datagrams (net.unix.max_dgram_qlen), so a burst waits for its reader; not for
// one that is stopped, though.
constexpr std::chrono::milliseconds kPatience{20};
constexpr int kReceiveBatch = 64;

std::string name_prefix(std::uint16_t port) { return "mailslot/" + std::to_string(port) + "/"; }

class LocalCarrier final : public Carrier {
public:
    explicit LocalCarrier(std::uint16_t port) : prefix_(name_prefix(port)) {}

    CarrierTraits traits() const override { return {"local", kMaxNetworkMessageBytes}; }

    Result<void> start() override {
        if (receiving_) return {};
        auto bound = os::LocalDatagramSocket::bind(prefix_ + hex_of(SystemRandom().u64()));
        if (!bound) return bound.error();
        receiving_ = std::move(*bound);
        return {};
    }

    Result<void> start_with(std::vector<ListeningSocket> sockets) override {
        if (!receiving_ && sockets.size() == 1) {
            receiving_ = os::LocalDatagramSocket::adopt(std::move(sockets[0].fd));
        }
        return start();
    }

    std::vector<ListeningSocket> hand_over() override {
        std::vector<ListeningSocket> sockets;
        if (receiving_) sockets.push_back({receiving_->release()});
        receiving_.reset();
        return sockets;
    }

    std::vector<ListeningSocket> lend() const override {
        std::vector<ListeningSocket> lent;
        if (receiving_) lent.push_back({os::GuardedFd::duplicate(receiving_->fd())});
        return lent;
    }

    int poll_fd() const override { return receiving_ ? receiving_->fd() : -1; }

    bool receive(const Deliver& deliver) override {
        for (int i = 0; i < kReceiveBatch; ++i) {
            const auto received = receiving_ ? receiving_->receive(buffer_) : std::nullopt;
            if (!received) return false;
            rx_datagrams_.fetch_add(1, std::memory_order_relaxed);
            auto parcel = wire::decode_frame(std::span(buffer_).first(received->size));
            // The kernel says who it is: no stranger from the network.
            if (parcel && received->user) parcel->envelope.trust = Trust::local;
            if (parcel) {
                deliver(std::span(&*parcel, 1));
            } else {
                rx_bad_packet_.fetch_add(1, std::memory_order_relaxed);
            }
        }
        return true;
    }

    Result<std::size_t> send(const Destination& to, std::span<const Envelope> messages) override {
        if (auto begun = packer_.begin(to, messages); !begun) return begun.error();
        for (auto datagrams = packer_.next(); !datagrams.empty(); datagrams = packer_.next()) {
            if (auto sent = send_packed(to, datagrams); !sent) return sent;
        }
        return messages.size();
    }

    Result<std::size_t> send_packed(const Destination& to, std::span<const Bytes> frames) override {
        if (to.scope == Scope::direct) return Error{Errc::unreachable, "send"};
        if (!sending_) {
            auto opened = os::LocalDatagramSocket::open_for_sending();
            if (!opened) return opened.error();
            sending_ = std::move(*opened);
        }
        const auto names = os::abstract_names(prefix_);
        for (const Bytes frame : frames) {
            for (const std::string& name : names) send_one(frame, name);
        }
        return frames.size();
    }

    CarrierCounters counters() const override {
        CarrierCounters counters;
        counters.rx_datagrams = rx_datagrams_;
        counters.rx_bad_packet = rx_bad_packet_;
        counters.tx_datagrams = tx_datagrams_;
        counters.tx_failed = tx_failed_;
        return counters;
    }

    std::vector<FurtherCounter> further_counters() const override { return {}; }

    void stop() override { receiving_.reset(); }

private:
    void send_one(Bytes datagram, const std::string& name) {
        const auto sent = sending_->send(datagram, name, kPatience);
        (sent ? tx_datagrams_ : tx_failed_).fetch_add(1, std::memory_order_relaxed);
    }

    const std::string prefix_;
    std::optional<os::LocalDatagramSocket> receiving_, sending_;
    std::array<std::byte, kMaxDatagramBytes + 1> buffer_;
    DatagramPacker packer_;
    std::atomic<std::uint64_t> rx_datagrams_{0}, rx_bad_packet_{0}, tx_datagrams_{0}, tx_failed_{0};
};

}  // namespace

std::unique_ptr<Carrier> make_local_carrier(const Settings& settings) {
    return std::make_unique<LocalCarrier>(settings.port);
}

}  // namespace mailslot
