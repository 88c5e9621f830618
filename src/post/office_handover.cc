// The office as a successor, and as a predecessor.

#include <unistd.h>

#include <string>

#include "base/crash_point.h"
#include "os/shared_memory.h"
#include "os/user.h"
#include "post/office.h"
#include "post/office_slot.h"

namespace mailslot::post {
namespace {

using wire::LocalOp;
using wire::Rank;

}  // namespace

// --- As a successor
// ---------------------------------------------------------------------------------------

void Office::adopt(Estate& estate) {
    is_successor_ = !estate.registrants.empty();
    inherited_ = post_office_.take_books(
        estate.books, [memory = main_carrier().replay_memory()](const wire::SealerState& state) {
            if (memory != nullptr) memory->restore_window(state);
        });
    has_books_ = !inherited_.empty();
    use_machine();
    for (os::GuardedFd& connection : estate.registrants) {
        const int fd = connection.get();
        if (!door_.take_in(std::move(connection))) continue;
        // A process that has gone shows when its connection is read.
        if (os::send_packet(fd, wire::encode({.op = LocalOp::register_again}))) awaited_.insert(fd);
    }
}

// Returns true if every process and slot that our predecessor handed over is registered again.
// False if nothing was handed over, because then nobody knows whom to expect.
bool Office::all_are_here() const {
    return (is_successor_ || has_books_) && awaited_.empty() && inherited_.empty();
}

void Office::begin_to_receive() {
    receive_by_.reset();
    awaited_.clear();
    for (const auto& [key, memory] : inherited_) post_office_.forget_slot(key);
    inherited_.clear();
    for (const auto& carrier : carriers_) {
        // Out of descriptors or memory: the carrier is opened anew, later.
        if (auto begun = begin_to_receive(*carrier); !begun) {
            carrier->stop();
            network_error_ = begun.error();
            retry_network_ = clock_.now();
        }
    }
}

Result<void> Office::begin_to_receive(Carrier& carrier) {
    if (carrier.poll_fd() < 0) return {};
    return loop_.add(carrier.poll_fd(), [this, &carrier] { receive(carrier); });
}

// --- As a predecessor
// -------------------------------------------------------------------------------------

// In a folder that root gave away, root's process may be the office, and the owner may take over.
bool Office::may_take_over(int fd) const {
    const std::uint32_t user = door_.user_of(fd);
    return os::is_own_user_or_root(user) || folder_.owner() == user;
}

bool Office::offer() {
    offered_ = kNobody;
    for (const int fd : door_.all()) {
        if (asked_.contains(fd) || !may_take_over(fd)) continue;
        asked_.insert(fd);
        if (!os::send_packet(fd, wire::encode({.op = LocalOp::offer}))) continue;
        offered_ = fd;
        MAILSLOT_CRASH_POINT(office_offered);
        return true;
    }
    return false;
}

void Office::hear_claim(int fd, Rank rank) {
    const bool is_due = rank == Rank::reader   ? asked_.contains(fd)
                        : rank == Rank::daemon ? role_.rank == Rank::reader
                                               : rank == Rank::successor_daemon;
    const bool may = may_take_over(fd);
    if (is_due && may) {
        claimant_ = fd;
        return;
    }
    const std::string who = role_.rank == Rank::reader ? "a reading process" : "mailslotd";
    (void)os::send_packet(fd,
                          wire::encode({.op = LocalOp::refused,
                                        .why = may ? Errc::slot_exists : Errc::no_permission,
                                        .detail = who + ", process " + std::to_string(getpid())}));
}

os::GuardedFd Office::take_claimant() {
    return door_.give_out(claimant_);  // the books of its slots stay, and are handed over
}

void Office::drain() {
    constexpr int kMostRounds = 1000;  // ends even under a flood
    const auto deliver = [this](std::span<const Parcel> arrived) { post_office_.deliver(arrived); };
    bool more = !receive_by_;  // otherwise nothing is received yet
    for (int round = 0; more && round < kMostRounds; ++round) {
        more = false;
        for (const auto& carrier : carriers_) {
            more = carrier->receive(deliver) || more;
        }
    }
}

Estate Office::take_apart() {
    Estate estate;
    answerer_.send_all();
    stop_listening();  // the successor makes the files
    post_office_.let_all_go();
    book_counters();
    const auto memory_of = [this](std::string_view key) -> std::uint64_t {
        const auto slot = slots_.find(key);
        if (slot != slots_.end()) return os::memory_number(slot->second->writer->memory());
        const auto inherited = inherited_.find(key);  // not registered again yet
        return inherited != inherited_.end() ? inherited->second : 0;
    };
    wire::OfficeStateWriter books;
    post_office_.write_books(books, memory_of);
    if (const auto* memory = main_carrier().replay_memory()) {
        memory->save_windows([&books](const wire::SealerState& state) { books.put(state); });
    }
    estate.books = books.take();
    for (const auto& carrier : carriers_) {
        if (!receive_by_ && carrier->poll_fd() >= 0) loop_.remove(carrier->poll_fd());
        for (ListeningSocket& socket : carrier->hand_over()) {
            estate.sockets.push_back({std::string(carrier->traits().name), std::move(socket)});
        }
    }
    for (const int fd : door_.all()) estate.registrants.push_back(door_.give_out(fd));
    estate.lock = std::move(lock_);
    return estate;
}

}  // namespace mailslot::post
