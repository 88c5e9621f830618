// The one background thread of a process that reads. It answers the writers of this machine that
// look for this process's slots, notices their death, and sees to it that the machine has a post
// office: it is the one, or is registered with the one in another process and takes over when that
// goes away.
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
#include "inbox/slot_folder.h"
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

// How often a station looks whether its folder is still there, and what the system calls this
// machine: nobody tells of these in all kinds of file systems and sandboxes. Five system calls.
inline constexpr std::chrono::seconds kLookAround{1};
// Entries of slots that are looked at each time.
inline constexpr int kEntriesAtOnce = 64;

// The step of a network_error() that is none: the slot hears another network than this process's.
inline constexpr const char* kOtherNetwork = "other network";

inline bool is_of_other_network(const Error& error) {
    return std::string_view(error.step) == kOtherNetwork;
}

// What makes a station a daemon's.
struct StationRole {
    wire::Rank rank = wire::Rank::reader;
    bool serves_all_users = false;
    os::GuardedFd listener{};  // at office.sock, where the service manager has opened it
    Estate kept{};             // sockets and books that it kept for us
};

// Threads: any.
class Station {
public:
    // Errors: no_permission, no_resources, timed_out.
    static Result<std::shared_ptr<Station>> start(const Settings& settings, const Clock& clock,
                                                  Random& random) {
        return start(settings, clock, random, {});
    }
    // A daemon's station is the post office from then on, or fails: slot_exists, where another
    // daemon is it already.
    static Result<std::shared_ptr<Station>> start(const Settings& settings, const Clock& clock,
                                                  Random& random, StationRole role);
    // Ends the thread; hands the post office over to another process, where one is registered.
    ~Station();

    // Makes the slot known on this machine and to the post office. Errors: slot_exists,
    // no_permission, no_resources, timed_out.
    Result<void> open_slot(std::shared_ptr<inbox::Inbox> inbox);
    void close_slot(const SlotName& name);

    // What keeps the machine's post office from the network, where something does, or this slot
    // from it.
    std::optional<Error> network_error(const std::string& key = {}) const;

    // A daemon's. Goes on with other settings and loses nothing; the folder stays. `look` sees what
    // the office has meanwhile. Errors: as Office::open's; it is no office any more then, and tries
    // to be it again.
    using Look = std::function<void(const Estate&)>;
    Result<void> reopen_office(const Settings& settings, const Look& look = {});
    OfficeStatus office_status();
    // What it leaves when it ends and nobody takes it over; nothing, where somebody does. Called
    // while the station ends.
    void at_end(Look look);
    // When another daemon has taken its place. Called on the station's thread.
    void at_loss(std::function<void()> tell);

private:
    // A program that writes to one of our slots.
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
    void execute(std::function<void()> command);  // on the thread; returns when it has run
    void run_commands();
    Result<void> reopen(const Settings& settings, const Look& look);
    std::optional<Clock::Instant> next_deadline() const;

    // What may change under us (station_surroundings.cc).
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
    bool become_office();
    bool join_office();
    bool join_office(const std::string& dir);
    bool join_office(const inbox::SlotFolder& office, const std::string& dir);
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
        std::vector<std::pair<std::string, std::uint32_t>> numbers;  // that it has in our slots
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

    Settings settings_;  // but for the folders: the thread's own, once it runs
    const Clock& clock_;
    StationRole role_;
    // In the folder of another user, whose mailslotd does there for us what we may not.
    const bool is_guest_;
    inbox::SlotFolder folder_;  // with the names of our network's office
    std::string socket_path_;

    std::unique_ptr<os::EventLoop> loop_;
    std::unique_ptr<os::Liveness> liveness_;
    os::GuardedFd listener_;
    std::optional<os::FileId> listener_file_;

    // The thread's own.
    const NetworkId network_id_;
    MachineId machine_;  // what our slots' memory says
    std::map<std::string, std::shared_ptr<inbox::Inbox>, std::less<>> slots_;
    std::unique_ptr<Door> door_;
    std::map<int, Visitor> visitors_;         // by their connections
    std::unique_ptr<Office> office_;          // we are it
    std::unique_ptr<MetricsServer> metrics_;  // then, and if the settings want it
    std::optional<Error> metrics_error_{};    // why they could not be served
    os::GuardedFd office_connection_;         // or are registered with it
    std::vector<std::pair<std::string, std::uint32_t>> office_numbers_;  // that it has in our slots
    inbox::SlotFolder office_place_{settings_.dir};                      // where that office is
    std::optional<os::FileId> office_lock_id_{};                         // its lock
    std::unique_ptr<Deputy> deputy_;                                     // what it has lent us
    std::optional<Clock::Instant> look_at_{};                            // whether it works
    std::map<int, FormerOffice> former_offices_{};  // replaced while they stood still
    std::optional<Clock::Instant> mute_since_{};    // it has not answered us
    std::optional<Clock::Instant> seek_again_;      // or look for it
    int seek_tries_ = 0;
    bool is_known_there_ = false;  // the office that we are connected to has answered
    bool office_died_ = false;     // the one that we were registered with
    bool is_machines_ = false;     // it is, or was, of the whole machine
    std::optional<Clock::Instant> away_until_{};  // it may come back until then
    std::optional<os::FolderWatch> watch_{};      // for it to come
    std::optional<os::FileId> watched_{};         // where the watch looks
    std::optional<Clock::Instant> change_at_{};   // it is coming
    int change_tries_ = 0;
    bool is_offered_ = false;      // it ends, and asks us to go on
    bool register_again_ = false;  // a new one asks for all slots
    Look at_end_{};
    std::function<void()> at_loss_{};
    std::optional<Error> no_office_{};  // a daemon's: why it is not the office
    Clock::Instant look_around_at_;
    std::string looked_at_{};            // the last slot whose entry was looked at
    std::set<std::string> displaced_{};  // slots whose names others took while there was no folder
    std::optional<Clock::Instant> trim_at_;    // memory of our slots that is needed no more
    std::optional<Clock::Instant> room_at_{};  // look at those that drop their oldest

    std::atomic<bool> trim_is_wanted_{false};  // set by threads that read, cleared by ours

    mutable std::mutex mutex_;  // guards what follows
    std::vector<std::function<void()>> commands_;
    std::optional<Error> network_error_;
    std::optional<Error> other_network_{};               // where our office listens
    std::map<std::string, Error, std::less<>> refused_;  // slots, by the office
    bool stopping_ = false;
    std::thread thread_;
};

}  // namespace mailslot::post
