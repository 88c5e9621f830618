#include "api/process.h"

#include <cstdlib>
#include <mutex>

#include "config/settings_file.h"
#include "model/host_names.h"
#include "model/own_host.h"
#include "os/folder.h"
#include "os/interfaces.h"
#include "os/look_up_host.h"
#include "os/thread.h"
#include "os/user.h"
#include "trust/keys.h"

namespace mailslot {

// Never destroyed, because ends may outlive main(). A child of fork never touches its parent's.
struct Process::Current {
    os::ForkMutex mutex;
    Process* process = nullptr;
    std::uint64_t generation = 0;

    static Current& get() {
        static Current& current = *new Current;
        return current;
    }
    static bool is_own(std::uint64_t made_in) { return made_in == os::fork_generation(); }

    // Registers an exit handler, once for a process and all its children, which sends
    // held messages.
    Current() {
        os::stay_loaded();  // before any thread or handler of ours exists
        std::atexit([] {
            Current& current = get();
            Process* ending = nullptr;
            {
                std::lock_guard lock(current.mutex);
                if (is_own(current.generation)) ending = current.process;
            }
            if (ending != nullptr) ending->flusher_.finish();
        });
    }
};

Process::Process(Settings settings) : settings_(std::move(settings)), flusher_(os::run_detached) {}

Result<Process*> Process::current() {
    Current& now = Current::get();
    std::lock_guard lock(now.mutex);
    if (now.process == nullptr || !Current::is_own(now.generation)) {
        auto settings = load_settings();
        if (!settings) return settings.error();
        now.process = new Process(std::move(*settings));
        now.generation = os::fork_generation();
    }
    return now.process;
}

Result<std::shared_ptr<office::Station>> Process::station(Access access) {
    std::lock_guard lock(mutex_);
    const bool shared = access != Access::owner && settings_.system_dir != settings_.dir;
    auto& place = shared ? shared_station_ : station_;
    if (auto running = place.lock()) return running;
    Settings settings = settings_;
    if (shared) settings.dir = settings.system_dir;
    auto started = office::Station::start(settings, clock_, random_);
    if (!started && shared && started.error().code == Errc::no_permission) {
        return Error{Errc::no_permission, "create slot", started.error().os_code,
                     "a slot that others may write to must be in " + settings.dir +
                         ", where this user may not write; set MAILSLOT_DIR to a folder that all "
                         "its users share"};
    }
    if (started) place = *started;
    return started;
}

std::vector<local::SlotFolder> Process::folders() const {
    std::vector<local::SlotFolder> folders{local::SlotFolder(settings_.dir)};
    // Anybody may have made a folder in /tmp.
    const bool has_other =
        !settings_.other_dir.empty() && os::owner_of(settings_.other_dir) == os::this_user();
    if (has_other) folders.emplace_back(settings_.other_dir);
    if (settings_.system_dir != settings_.dir) folders.emplace_back(settings_.system_dir);
    return folders;
}

Result<void> check_place(const Address& address) {
    if (address.place != Place::ip || os::use_of(address.ip) != os::AddressUse::no_host) return {};
    return Error{Errc::bad_name, "open", 0,
                 address.place_text +
                     " is the broadcast address of a network, not a machine's; all machines are "
                     "\"*\""};
}

Reach reach_of(const Address& address, const Settings& settings) {
    switch (address.place) {
        case Place::here:
            return {.this_machine = true, .others = false};
        case Place::everybody:
            return {.this_machine = true, .others = true};
        case Place::ip: {
            const bool own = os::is_own_address(address.ip);
            return {.this_machine = own, .others = !own};
        }
        case Place::named:
            break;
    }
    for (const std::string& domain : settings.domains) {
        if (host_key(domain) == address.place_key) return {.this_machine = true, .others = true};
    }
    // A holder of a domain's key listens for the domain.
    if (settings.keys && settings.keys->ring()->find(address.place_key) != nullptr) {
        return {.this_machine = true, .others = true};
    }
    const HostNames names(own_name(settings), settings.host_aliases);
    const bool own = is_localhost(address.place_key) || names.has(address.place_key);
    return {.this_machine = own, .others = !own};
}

}  // namespace mailslot
