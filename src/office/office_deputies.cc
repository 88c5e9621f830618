// The office and its deputies: docs/office.md, "An office that does not answer".

#include <unistd.h>

#include <chrono>
#include <string>
#include <vector>

#include "office/office.h"
#include "office/office_slot.h"
#include "os/folder.h"

namespace mailslot::office {
namespace {

// Shorter than the time that a successor waits before it receives.
constexpr std::chrono::milliseconds kLookAtLockEvery{250};

}  // namespace

// --- As an office that may stand still
// --------------------------------------------------------------------------------

void Office::make_deputy(int fd) {
    if (!may_take_over(fd) || deputies_.has(fd) || !deputies_.appoint(fd)) return;
    for (const auto& carrier : carriers_) {
        for (const ListeningSocket& socket : carrier->lend()) {
            if (socket.fd) deputies_.lend_socket(fd, carrier->traits().name, socket);
        }
    }
    deputies_.lend_slots_to(fd);
}

// Lends all sockets again, because what we listen with has changed.
void Office::lend_anew() {
    for (const int fd : deputies_.connections()) {
        deputies_.dismiss(fd);
        make_deputy(fd);
    }
}

bool Office::is_replaced() {
    if (is_replaced_) return true;
    const auto now = clock_.now();
    if (lock_ && now >= look_at_lock_at_) {
        const auto there = os::file_at(folder_.office_lock_path());
        is_replaced_ = there && there != os::file_of(lock_);
        look_at_lock_at_ = now + kLookAtLockEvery;
    }
    if (!is_replaced_) deputies_.beat();
    return is_replaced_;
}

void Office::drain_into_own_slots() {
    drains_into_own_ = true;
    drain();
    drains_into_own_ = false;
    book_counters();
}

// --- In the place of an office that stands still
// ------------------------------------------------------------------------

void Office::add_lent_slot(const std::string& key, std::unique_ptr<inbox::InboxWriter> writer) {
    if (slots_.contains(key)) return;
    auto slot = std::make_unique<Slot>();
    slot->writer = std::move(writer);
    slot->registrant = kLent;
    slot->user = geteuid();
    enter_slot(key, std::move(slot));
    has_lent_slots_ = true;
}

// Removes lent slots whose processes were killed while they stood still.
void Office::drop_dead_lent_slots() {
    std::vector<std::string> dead;
    has_lent_slots_ = false;
    for (const auto& [key, slot] : slots_) {
        if (slot->registrant != kLent) continue;
        has_lent_slots_ = true;
        if (slot->writer->reader_is_gone()) dead.push_back(key);
    }
    for (const std::string& key : dead) remove_slot(key, kLent);
}

}  // namespace mailslot::office
