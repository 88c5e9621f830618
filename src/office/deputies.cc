#include "office/deputies.h"

#include <array>
#include <span>

#include "inbox/office_pass.h"
#include "os/local_socket.h"
#include "wire/local_message.h"

namespace mailslot::office {
namespace {

using wire::LocalOp;

}  // namespace

bool Deputies::appoint(os::Handle connection) {
    if (deputies_.size() >= kMostDeputies) return false;
    if (!pulse_) {
        auto pulse = OfficePulse::create();
        if (!pulse) return false;
        pulse_ = std::move(*pulse);
    }
    const std::array fds{pulse_->fd()};
    if (!os::send_packet(connection, wire::encode({.op = LocalOp::lent_pulse}), fds)) return false;
    deputies_[connection];
    return true;
}

void Deputies::dismiss(os::Handle connection) {
    const auto found = deputies_.find(connection);
    if (found == deputies_.end()) return;
    for (const Lent& lent : found->second) {
        const auto lender = lenders_.find(lent.key);
        if (lender != lenders_.end()) lender->second.take_back(lent.number);
    }
    deputies_.erase(found);
}

void Deputies::lend_socket(os::Handle connection, std::string_view carrier,
                           const ListeningSocket& socket) const {
    const std::array fds{socket.fd.get()};
    (void)os::send_packet(connection,
                          wire::encode({.op = LocalOp::lent_socket,
                                        .key = std::string(carrier),
                                        .detail = std::string(as_text(socket.memo))}),
                          fds);
}

void Deputies::lend_slot(const std::string& key, const SlotLender& lender) {
    lenders_[key] = lender;
    for (const os::Handle connection : connections()) lend_slot_to(connection, key, lender);
}

void Deputies::lend_slots_to(os::Handle connection) {
    for (const auto& [key, lender] : lenders_) lend_slot_to(connection, key, lender);
}

// Failures are ignored: without a slot's memory, its messages are lost and counted while we stand
// still.
void Deputies::lend_slot_to(os::Handle connection, const std::string& key,
                            const SlotLender& lender) {
    auto& lent = deputies_[connection];
    if (lent.size() >= kMostLentSlots) return;
    const auto pass = lender.lend();
    if (!pass) return;
    const auto sent = os::send_packet(
        connection, wire::encode({.op = LocalOp::lent_slot, .key = key, .number = pass->number}),
        inbox::descriptors_of(*pass, lender.liveness, true));
    if (sent) {
        lent.push_back({key, pass->number});
    } else {
        lender.take_back(pass->number);
    }
}

void Deputies::take_slot_back(const std::string& key) {
    if (lenders_.erase(key) == 0) return;
    for (auto& [connection, lent] : deputies_) {
        std::erase_if(lent, [&key](const Lent& each) { return each.key == key; });
        (void)os::send_packet(connection,
                              wire::encode({.op = LocalOp::unregister_slot, .key = key}));
    }
}

Deputies::Numbers Deputies::take_numbers() {
    Numbers numbers;
    for (auto& [connection, lent] : deputies_) {
        for (Lent& each : lent) numbers.emplace_back(std::move(each.key), each.number);
        lent.clear();
    }
    return numbers;
}

std::vector<os::Handle> Deputies::connections() const {
    std::vector<os::Handle> all;
    for (const auto& [connection, lent] : deputies_) all.push_back(connection);
    return all;
}

void Deputies::beat() {
    if (pulse_) pulse_->beat();
}

}  // namespace mailslot::office
