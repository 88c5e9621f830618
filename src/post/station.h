// The background thread of a process that reads. Answers writers of this machine that look for the
// process's slots, notices their death, and makes sure that the machine has a post office: either
// the station is the office, or it is registered with the office in another process and takes over
// when that process goes away.
#pragma once

#include <atomic>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <set>
#include <string>
#include <thread>
#include <vector>

#include "base/clock.h"
#include "base/random.h"
#include "inbox/inbox.h"
#include "local/slot_folder.h"
#include "model/settings.h"
#include "os/event_loop.h"
#include "os/folder_watch.h"
#include "os/liveness.h"
#include "os/local_socket.h"
#include "post/deputy.h"
#include "post/door.h"
#include "post/metrics_server.h"
#include "post/office.h"
#include "wire/local_message.h"

namespace mailslot::post {

// How often a station checks that its folder is still there, and what the system calls this
// machine. Some file systems and sandboxes report no changes. A check takes five system calls.
inline constexpr std::chrono::seconds kLookAround{1};
// Entries of slots that are checked each time.
inline constexpr int kEntriesAtOnce = 64;

// Step of a network_error() that is no failure: the slot hears another network than this process's.
inline constexpr const char* kOtherNetwork = "other network";

inline bool is_of_other_network(const Error& error) {
    return std::string_view(error.step) == kOtherNetwork;
}

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
    Result<void> open_slot(std::shared_ptr<inbox::Inbox> inbox);
    void close_slot(const SlotName& name);

    // Returns why the machine's post office, or the slot `key`, does not hear the network; nullopt
    // if nothing is in the way.
    std::optional<Error> network_error(const std::string& key = {}) const;

    // For a daemon. Goes on with other settings and loses nothing; the folder stays. `look` sees
    // the office's estate in between.
    // Errors: as Office::open. After an error the station is not the office, and tries to become
    // the office again.
    using Look = std::function<void(const Estate&)>;
    Result<void> reopen_office(const Settings& settings, const Look& look = {});
    OfficeStatus office_status();
    // `look` gets the estate that remains when the station ends: empty if somebody has taken over.
    // Called while the station ends.
    void at_end(Look look);
    // `tell` is called on the station's thread when the office has gone to another process.
    void at_loss(std::function<void()> tell);

private:
    // A program that writes to a slot of ours.
    struct Visitor {
        std::shared_ptr<inbox::Inbox> inbox;
        std::uint32_t number = 0;
    };

    Station(const Settings& settings, const Clock& clock, Random& random, StationRole role);
    Error nobody_serves_guests() const;
    Result<void> check_as_guest() const;
    Result<void> prepare_folder();
    Result<void> prepare();
    Result<void> listen_at(const std::string& path, os::GuardedFd listener);
    Result<void> find_place();
    Error why_no_office() const;
    void run();
    bool take_turn();
    void execute(std::function<void()> command);  // on the thread; returns when the command has run
    void run_commands();
    Result<void> reopen(const Settings& settings, const Look& look);
    std::optional<Clock::Instant> next_deadline() const;

    // Surroundings (station_surroundings.cc).
    void look_around();
    void follow_host();
    void keep_folder();
    bool put_socket_back();
    bool keep_entry(const std::string& key, const inbox::Inbox& inbox);
    void keep_entries();
    void keep_office_place();
    void keep_watch();
    void ask_again_for_names();
    void look_for_harm();
    void trim_slots();
    void make_room(inbox::Inbox& inbox, std::uint64_t wanted_bytes);
    void look_for_room();

    // Visitors (station_visitors.cc).
    void hear_visitor(int fd);
    void answer_visitor(int fd, const wire::LocalMessage& message);
    void answer_writer(int fd, const Visitor& visitor, const wire::LocalMessage& message);
    void admit(int fd, const std::shared_ptr<inbox::Inbox>& inbox);
    void tell_drops(int fd, const inbox::Inbox& inbox, std::uint64_t first_origin) const;
    void dismiss_visitor(int fd);

    // The post office (station_office.cc).
    void seek_office();
    void seek_later();
    Result<void> obtain_socket();
    Error office_is_busy() const;
    static bool may_be_busy(const Error& error);
    Result<void> register_as_guest(const std::shared_ptr<inbox::Inbox>& inbox);
    bool become_office();
    bool join_office();
    bool join_office(const std::string& dir);
    bool join_office(const local::SlotFolder& office, const std::string& dir);
    bool has_machines_office() const;
    void watch_for_machines_office();
    void change_to_machines_office();
    std::string entry_request(const SlotName& name) const;
    void leave_office();
    void close_office();
    void hear_office();
    void answer_office(const wire::LocalMessage& message, std::vector<os::GuardedFd> fds = {});
    Result<void> register_slot(const std::shared_ptr<inbox::Inbox>& inbox);
    Result<void> await_registration(const std::string& key);
    void set_machine(const MachineId& machine);
    void tell_machine();
    void note_network();
    std::uint64_t machine_number_as_office() const;
    void register_own(const std::shared_ptr<inbox::Inbox>& inbox);
    // An office that does not answer (station_deputy.cc).
    struct FormerOffice {
        os::GuardedFd connection;
        std::vector<std::pair<std::string, std::uint32_t>> numbers;  // writer numbers in our slots
    };
    void look_after_office();
    void replace_office();
    void retire_office();
    void hear_former_office(int fd);
    void bury_writers(const std::vector<std::pair<std::string, std::uint32_t>>& numbers);
    void follow_new_office();
    void tell_readers() const;
    void step_down();
    void note_mute_office();
    bool is_office_mute() const;

    void set_network_error(std::optional<Error> error);
    bool is_refused(const std::string& key) const;
    void set_refused(const std::string& key, std::optional<Error> why);

    // Handing the post office over (station_handover.cc).
    Result<void> open_office(Estate estate, Clock::Instant receive_by);
    void start_metrics();
    void take_up_offer();
    Result<void> claim_office();
    void hand_office_over();
    void bequeath_office();
    void register_all();
    void bury_office_writers();

    Settings settings_;  // the thread's own once it runs, except the folders
    const Clock& clock_;
    StationRole role_;
    // True in the folder of another user, whose mailslotd does for us what we may not do there.
    const bool is_guest_;
    local::SlotFolder folder_;  // with the names of our network's office
    std::string socket_path_;

    std::unique_ptr<os::EventLoop> loop_;
    std::unique_ptr<os::Liveness> liveness_;
    os::GuardedFd listener_;
    std::optional<os::FileId> listener_file_;

    // Used by the thread only.
    const NetworkId network_id_;
    MachineId machine_;  // as written in our slots' memory
    std::map<std::string, std::shared_ptr<inbox::Inbox>, std::less<>> slots_;
    std::unique_ptr<Door> door_;
    std::map<int, Visitor> visitors_;         // by their connections
    std::unique_ptr<Office> office_;          // set if we are the office
    std::unique_ptr<MetricsServer> metrics_;  // set if so, and if the settings want metrics
    std::optional<Error> metrics_error_{};    // why the metrics could not be served
    os::GuardedFd office_connection_;         // set if we are registered with an office
    std::vector<std::pair<std::string, std::uint32_t>> office_numbers_;  // numbers in our slots
    local::SlotFolder office_place_{settings_.dir};                      // place of that office
    std::optional<os::FileId> office_lock_id_{};                         // lock of that office
    std::unique_ptr<Deputy> deputy_;                                     // lent by that office
    std::optional<Clock::Instant> look_at_{};                            // next look at that office
    std::map<int, FormerOffice> former_offices_{};  // replaced while they stood still
    std::optional<Clock::Instant> mute_since_{};    // since when the office does not answer
    std::optional<Clock::Instant> seek_again_;      // next search for an office
    int seek_tries_ = 0;
    bool is_known_there_ = false;  // the office that we are connected to has answered
    bool is_office_busy_ = false;  // as of the last search: an office is there, without an answer
    bool office_died_ = false;     // we have lost an office that we were registered with
    bool is_machines_ = false;     // the office is, or was, the whole machine's
    std::optional<Clock::Instant> away_until_{};  // the office may come back until then
    std::optional<os::FolderWatch> watch_{};      // for the machine's office to come
    std::optional<os::FileId> watched_{};         // folder that the watch is on
    std::optional<Clock::Instant> change_at_{};   // next attempt to join the machine's office
    int change_tries_ = 0;
    bool is_offered_ = false;      // the office ends, and asks us to go on
    bool register_again_ = false;  // a new office asks for all slots
    Look at_end_{};
    std::function<void()> at_loss_{};
    std::optional<Error> no_office_{};  // for a daemon: why we are not the office
    Clock::Instant look_around_at_;
    std::string looked_at_{};            // the last slot whose entry was checked
    std::set<std::string> displaced_{};  // slots whose names others took while there was no folder
    std::optional<Clock::Instant> trim_at_;    // next look for memory that our slots no longer need
    std::optional<Clock::Instant> room_at_{};  // next look at slots that drop their oldest

    std::atomic<bool> trim_is_wanted_{false};  // set by reading threads, cleared by the station's

    mutable std::mutex mutex_;  // guards the following members
    std::vector<std::function<void()>> commands_;
    std::optional<Error> network_error_;
    std::optional<Error> other_network_{};               // set if our office is in another network
    std::map<std::string, Error, std::less<>> refused_;  // slots that the office refused
    bool stopping_ = false;
    std::thread thread_;
};

}  // namespace mailslot::post
