// This process's registration with the office of another process: the connection, the slots that
// the office may write to, and all that the office asks of us.
// Threads: the station's only.
#pragma once

#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "base/clock.h"
#include "mailslot/result.h"
#include "office/deputy.h"
#include "office/found_office.h"
#include "office/handover.h"
#include "office/premises.h"
#include "office/reader_place.h"
#include "office/slot_desk.h"
#include "office/slot_errors.h"
#include "os/fork_guard.h"
#include "wire/local_message.h"

namespace mailslot::office {

// Returns true if an office that is only busy may have caused the error.
inline bool may_be_busy(const Error& error) {
    return error.code == Errc::timed_out || error.code == Errc::closed ||
           error.code == Errc::unreachable;
}

// Writes the machine's number as an office of the folder `dir` says it into the slots' memory, and
// notes an office that is in another network than this process.
void use_machine(const MachineId& machine, const std::string& dir, const Premises& at,
                 SlotDesk& desk, SlotErrors& errors);

class OfficeClient {
public:
    // Tells the owner of the registration that it ended.
    class Fate {
    public:
        virtual ~Fate() = default;
        // The office is gone, or was left. `answered`: it had answered before.
        virtual void office_left(bool answered) = 0;
    };

    OfficeClient(const Premises& at, SlotDesk& desk, ReaderPlace& place, SlotErrors& errors,
                 Fate& fate)
        : at_(at), desk_(desk), place_(place), errors_(errors), fate_(fate), deputy_(at.loop) {}

    bool is_connected() const { return link_ != Link::none; }
    // Connects to an office of the folder `dir`, which may be the whole machine's. The office gets
    // our slots, so it must be this user's, root's, or belong to the user to whom root gave the
    // folder. Returns false if there is none.
    bool join(const std::string& dir);
    // Goes on as registered at a connection to an office that this process has handed over.
    void follow(os::GuardedFd successor);
    void leave();
    // A former office and the writers that it has in our slots, which must not be buried while that
    // office may still be at work.
    struct Former {
        os::GuardedFd connection;
        Deputies::Numbers writers;
    };
    // Gives up an office that does not answer, or has moved.
    std::optional<Former> retire();

    // Registers a slot, and waits for the answer, so that the slot hears the network from the moment
    // it is open.
    // Errors: unreachable, no_resources; those of the office; timed_out, closed, after which the
    // office is left.
    Result<void> add(const SlotDesk::Slot& slot);
    void remove(const SlotName& name);
    // Registers all slots anew with the successor of our office.
    void register_again();
    // Gets a guest's socket from the office.
    // Errors: as add().
    Result<void> obtain_socket();
    // Notes writers that our own office lent to its deputies.
    void keep_numbers(Deputies::Numbers writers);

    // Requests of the office, each true once.
    bool take_offer() { return std::exchange(is_offered_, false); }
    bool take_call_to_register() { return std::exchange(is_called_, false); }

    // Claims the offered office. Answers requests to ring while waiting for the estate.
    // Errors: as receive_estate.
    Result<Estate> claim();

    Deputy& deputy() { return deputy_; }
    const Deputy& deputy() const { return deputy_; }
    FoundOffice& office() { return office_; }  // the last office that this process found
    const FoundOffice& office() const { return office_; }

private:
    // `joined`: no answer came yet, so nobody knows whether the office understands us.
    enum class Link { none, joined, answered };

    bool join(const local::SlotFolder& office, const std::string& dir);
    bool connect(os::GuardedFd connection);
    os::GuardedFd disconnect();
    void bury_writers();
    void hear();
    void answer(const wire::LocalMessage& message, std::vector<os::GuardedFd> fds = {});
    void give_event(const std::string& key, const inbox::Inbox& slot) const;
    void tell_machine() const;
    // A message of the office, with the descriptors that came along.
    struct Said {
        wire::LocalMessage message;
        std::vector<os::GuardedFd> fds;
    };
    Result<Said> await(wire::LocalOp op, const std::string& key);
    Result<void> await_registration(const std::string& key);
    Result<void> await_socket();
    void note_mute();

    const Premises& at_;
    SlotDesk& desk_;
    ReaderPlace& place_;
    SlotErrors& errors_;
    Fate& fate_;
    Link link_ = Link::none;
    os::GuardedFd connection_;
    Deputies::Numbers writers_;  // numbers that the office has in our slots
    FoundOffice office_{local::SlotFolder(at_.settings.dir)};
    std::string dir_{at_.settings.dir};  // the folder of that office
    Deputy deputy_;                      // lent by that office
    bool is_offered_ = false;            // the office ends, and asks us to go on
    bool is_called_ = false;             // a new office asks for all slots
};

}  // namespace mailslot::office
