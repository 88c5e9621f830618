// The background thread of a process that reads. Answers writers of this machine that look for the
// process's slots, notices their death, and makes sure that the machine has a post office: either
// the station is the office, or it is registered with the office in another process and takes over
// when that process goes away.
#pragma once

#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <thread>
#include <vector>

#include "base/clock.h"
#include "base/random.h"
#include "inbox/inbox.h"
#include "model/settings.h"
#include "office/handover.h"
#include "office/office.h"
#include "office/office_client.h"
#include "office/premises.h"
#include "office/reader_place.h"
#include "office/slot_desk.h"
#include "office/slot_errors.h"
#include "office/succession.h"
#include "os/event_loop.h"
#include "os/liveness.h"
#include "wire/local_message.h"

namespace mailslot::office {

// How often a station checks that its folder is still there, and what the system calls this
// machine. Some file systems and sandboxes report no changes. A check takes five system calls.
inline constexpr std::chrono::seconds kLookAround{1};

// The difference between a daemon's station and a reading process's.
struct StationRole {
    wire::Rank rank = wire::Rank::reader;
    bool serves_all_users = false;
    os::GuardedFd listener{};  // at office.sock, opened by the service manager
    Estate kept{};             // sockets and books that the service manager kept for us
};

// Threads: any.
class Station {
public:
    // Errors: no_permission, no_resources, timed_out.
    static Result<std::shared_ptr<Station>> start(const Settings& settings, const Clock& clock,
                                                  Random& random) {
        return start(settings, clock, random, {});
    }
    // With a daemon's role, the station is the post office when this returns.
    // Errors: also slot_exists, if another daemon is the office already.
    static Result<std::shared_ptr<Station>> start(const Settings& settings, const Clock& clock,
                                                  Random& random, StationRole role);
    // Ends the thread. Hands the post office over to a registered process, if there is any.
    ~Station();

    // Makes the slot known on this machine and to the post office.
    // Errors: slot_exists, no_permission, no_resources, timed_out.
    Result<void> open_slot(const SlotDesk::Slot& slot);
    void close_slot(const SlotName& name);

    // Returns why the machine's post office, or the slot `key`, does not hear the network; nullopt
    // if nothing is in the way.
    std::optional<Error> network_error(const std::string& key = {}) const {
        return errors_.of(key);
    }

    // For a daemon. Goes on with other settings and loses nothing; the folder stays. `look` sees
    // the office's estate in between.
    // Errors: as Office::open. After an error the station is not the office, and tries to become
    // the office again.
    using Look = Succession::Look;
    Result<void> reopen_office(const Settings& settings, const Look& look = {});
    OfficeStatus office_status();
    // `look` gets the estate that remains when the station ends: empty if somebody has taken over.
    // Called while the station ends.
    void at_end(Look look);
    // `tell` is called on the station's thread when the office has gone to another process.
    void at_loss(std::function<void()> tell);

private:
    Station(const Settings& settings, const Clock& clock, Random& random, StationRole role,
            std::unique_ptr<os::EventLoop> loop, std::unique_ptr<os::Liveness> liveness);
    Result<void> find_office();
    void run();
    bool take_turn();
    bool is_stopping() const;
    std::optional<Clock::Instant> next_deadline() const;
    void execute(std::function<void()> command);  // on the thread; returns when the command has run
    void run_commands();

    void look_around();
    void follow_host();
    void keep_place();
    void ask_again_for_names();

    const std::unique_ptr<os::EventLoop> loop_;
    const os::GuardedFd listener_;  // the service manager's; none for a reading process

    // Used by the thread only, once it runs.
    Premises at_;
    SlotErrors errors_;  // any thread
    SlotDesk desk_;
    ReaderPlace place_;
    Succession succession_;
    Clock::Instant look_around_at_;

    mutable std::mutex mutex_;  // guards the following members
    std::vector<std::function<void()>> commands_;
    bool stopping_ = false;
    std::thread thread_;
};

}  // namespace mailslot::office
