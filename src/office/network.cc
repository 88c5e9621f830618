#include "office/network.h"

#include <utility>

#include "carrier/carriers.h"

namespace mailslot::office {
namespace {

using namespace std::chrono_literals;

constexpr auto kTryAgain = 2s;
constexpr int kReceiveRounds = 16;  // then other events have their turn
constexpr int kDrainRounds = 1000;  // ends even under a flood

}  // namespace

Network::Network(const Settings& settings, std::uint64_t machine, const Clock& clock,
                 os::EventLoop& loop, Heard heard)
    : clock_(clock), loop_(loop), heard_(std::move(heard)), carriers_(make_carriers(settings)) {
    if (carriers_.size() > 1) gateway_.emplace(settings, machine, *carriers_[0], *carriers_[1]);
}

void Network::start(std::vector<Estate::Socket> sockets) {
    try_again_.reset();
    error_.reset();
    for (const auto& carrier : carriers_) {
        if (carrier->poll_fd() != os::kNoHandle) continue;
        const auto started = start(*carrier, sockets);
        if (started) continue;
        if (!error_) error_ = started.error();
        try_again_ = clock_.now() + kTryAgain;
    }
    if (!error_) error_ = main_carrier().heard_in_part();
}

Result<void> Network::start(Carrier& carrier, std::vector<Estate::Socket>& sockets) {
    std::vector<ListeningSocket> its_own;
    for (Estate::Socket& socket : sockets) {
        if (socket.carrier == carrier.traits().name) its_own.push_back(std::move(socket.socket));
    }
    if (auto started = carrier.start_with(std::move(its_own)); !started) return started;
    return receives_ ? hear(carrier) : Result<void>();
}

Result<void> Network::hear(Carrier& carrier) {
    if (carrier.poll_fd() == os::kNoHandle) return {};
    return loop_.add(carrier.poll_fd(), [this, &carrier] { heard_(carrier); });
}

void Network::begin_to_receive() {
    receives_ = true;
    for (const auto& carrier : carriers_) {
        // Out of descriptors or memory: the carrier is opened anew, later.
        if (auto begun = hear(*carrier); !begun) {
            carrier->stop();
            error_ = begun.error();
            try_again_ = clock_.now();
        }
    }
}

void Network::report_groups(const Carrier::Takes& takes) {
    for (const auto& carrier : carriers_) carrier->report_groups(takes);
}

void Network::stop(bool has_successor) {
    for (const auto& carrier : carriers_) {
        if (carrier->poll_fd() != os::kNoHandle) loop_.remove(carrier->poll_fd());
        if (has_successor) (void)carrier->hand_over();
        carrier->stop();
    }
}

std::vector<Estate::Socket> Network::hand_over() {
    std::vector<Estate::Socket> sockets;
    for (const auto& carrier : carriers_) {
        if (receives_ && carrier->poll_fd() != os::kNoHandle) loop_.remove(carrier->poll_fd());
        for (ListeningSocket& socket : carrier->hand_over()) {
            sockets.push_back({std::string(carrier->traits().name), std::move(socket)});
        }
    }
    return sockets;
}

void Network::receive(Carrier& carrier, const Carrier::Deliver& deliver) {
    const auto deliver_and_pass_on = [&](std::span<const Parcel> arrived) {
        deliver(arrived);
        if (gateway_) gateway_->pass_on(carrier, arrived);
    };
    for (int round = 0; round < kReceiveRounds && carrier.receive(deliver_and_pass_on); ++round) {
    }
}

void Network::drain(const Carrier::Deliver& deliver) {
    bool more = receives_;
    for (int round = 0; more && round < kDrainRounds; ++round) {
        more = false;
        for (const auto& carrier : carriers_) more = carrier->receive(deliver) || more;
    }
}

void Network::set_machine(std::uint64_t number) {
    if (gateway_) gateway_->set_machine_id(number);
}

bool Network::tick() {
    if (!try_again_ || clock_.now() < *try_again_) return false;
    start();
    return !try_again_;
}

}  // namespace mailslot::office
