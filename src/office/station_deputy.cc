// The station, and an office that does not answer: docs/office.md.

#include <unistd.h>

#include <chrono>
#include <string>

#include "office/station.h"

namespace mailslot::office {
namespace {

using wire::LocalOp;
using namespace std::chrono_literals;

// By then the others have registered, and an office that came back just when it was replaced has
// looked at its lock, as it does every 250 ms.
constexpr auto kBeforeReceiving = 300ms;
// Counts from the first answer that did not come within 500 ms. Deputies are faster, and have more
// to go on with.
constexpr auto kMutePatience = 1500ms;
constexpr auto kTryAgain = 100ms;

}  // namespace

// --- As a deputy
// ------------------------------------------------------------------------------------------------

void Station::look_after_office() {
    look_at_.reset();
    if (!office_connection_) return;
    const Vigil::Next next = deputy_->look();
    if (next == Vigil::Next::sleep) return;
    look_at_ = clock_.now() + Vigil::kLookEvery;
    if (next == Vigil::Next::replace) replace_office();
}

// Takes the folder's lock, so that only one process replaces an office, and never an office that
// has just begun.
void Station::replace_office() {
    seek_again_ = clock_.now() + kTryAgain;  // in case something is in the way
    const auto turn = os::try_lock_file(settings_.dir + "/lock");
    if (!turn || !*turn) return;
    const std::string path = folder_.office_lock_path();
    if (os::file_at(path) != office_lock_id_) {
        mute_since_.reset();
        return follow_new_office();
    }
    auto lock = os::replace_lock_file(path);
    if (!lock) return set_network_error(lock.error());
    look_at_.reset();
    mute_since_.reset();
    Estate estate{.lock = std::move(*lock), .sockets = deputy_->take_sockets()};
    auto lent = deputy_->take_slots();
    retire_office();
    os::remove_socket(folder_.office_socket_path());  // bound, but nobody answers there
    if (!open_office(std::move(estate), clock_.now() + kBeforeReceiving)) return;
    seek_again_.reset();
    for (auto& [key, writer] : lent) office_->add_lent_slot(key, std::move(writer));
    for (const auto& [key, inbox] : slots_) (void)register_slot(inbox);
    tell_readers();
}

// The old office may go on in the middle of a put, so its numbers stay taken until it hangs up.
void Station::retire_office() {
    deputy_->resign();
    is_offered_ = register_again_ = false;
    if (!office_connection_) return;
    const int fd = office_connection_.get();
    loop_->remove(fd);
    FormerOffice former{std::move(office_connection_), std::exchange(office_numbers_, {})};
    if (loop_->add(fd, [this, fd] { hear_former_office(fd); })) {
        former_offices_[fd] = std::move(former);
    }
}

void Station::hear_former_office(int fd) {
    const auto packet = os::receive_packet(fd, clock_.now());
    if (packet && !packet->bytes.empty()) return;  // sent before that office stood still
    if (!packet && packet.error().code == Errc::timed_out) return;
    loop_->remove(fd);
    bury_writers(former_offices_[fd].numbers);
    former_offices_.erase(fd);
}

void Station::bury_writers(const std::vector<std::pair<std::string, std::uint32_t>>& numbers) {
    for (const auto& [key, number] : numbers) {
        if (const auto found = slots_.find(key); found != slots_.end()) {
            found->second->bury(number);
        }
    }
}

// Tells every reading process, because we do not know which were registered with the old office.
// Waits for none: the queue of a stopped process takes the packet, or is full.
void Station::tell_readers() const {
    const std::string folder = settings_.dir + "/readers";
    for (const std::string& file : os::list_folder(folder)) {
        if (folder_.reader_socket_path(file) == socket_path_) continue;
        const auto connection = os::connect_local(folder_.reader_socket_path(file));
        if (!connection) continue;
        (void)os::send_packet(connection->get(), wire::encode({.op = LocalOp::register_again}));
    }
}

// --- As a process that is registered with the old office
// --------------------------------------------------------------------------

void Station::follow_new_office() {
    if (!office_connection_) return;
    const auto lock = os::file_at(office_place_.office_lock_path());
    if (lock == office_lock_id_) return deputy_->hear_complaint();
    retire_office();
    seek_tries_ = 0;
    seek_again_ = clock_.now();
}

// --- As a process that came later, and gets no answer
// -----------------------------------------------------------------

void Station::note_mute_office() {
    const std::int64_t pid = os::peer_identity(office_connection_.get()).pid;
    set_network_error(Error{Errc::timed_out, "post office", 0,
                            "process " + std::to_string(pid) +
                                ", which receives for this machine, does not answer; "
                                "`mailslot doctor` says why"});
    if (mute_since_) return;
    mute_since_ = clock_.now();
    tell_readers();
}

bool Station::is_office_mute() const {
    return mute_since_ && clock_.now() - *mute_since_ >= kMutePatience && !is_guest_ &&
           office_place_.office_lock_path() == folder_.office_lock_path();
}

// --- As the office that stood still
// -----------------------------------------------------------------------------

void Station::step_down() {
    // Without deputies, the new office has its own sockets, and no access to our slots.
    if (!office_->has_deputies()) office_->drain_into_own_slots();
    close_office();
    seek_tries_ = 0;
    seek_office();
}

}  // namespace mailslot::office
