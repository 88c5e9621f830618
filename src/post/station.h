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
#include <string>
#include <thread>
#include <vector>

#include "base/clock.h"
#include "base/random.h"
#include "inbox/inbox.h"
#include "inbox/slot_folder.h"
#include "model/settings.h"
#include "os/event_loop.h"
#include "os/liveness.h"
#include "os/local_socket.h"
#include "post/metrics_server.h"
#include "post/office.h"
#include "wire/local_message.h"

namespace mailslot::post {

// Threads: any.
class Station {
public:
    // Errors: no_permission, no_resources, timed_out.
    static Result<std::shared_ptr<Station>> start(const Settings& settings, const Clock& clock,
                                                  Random& random);
    ~Station();  // ends the thread; other processes take the post office over

    // Makes the slot known on this machine and to the post office. Errors: slot_exists,
    // no_permission, no_resources, timed_out.
    Result<void> open_slot(std::shared_ptr<inbox::Inbox> inbox);
    void close_slot(const SlotName& name);

    // What keeps the machine's post office from the network, where something does.
    std::optional<Error> network_error() const;

private:
    // A program that writes to one of our slots, or asks about one.
    struct Visitor {
        os::GuardedFd connection;
        std::shared_ptr<inbox::Inbox> inbox;
        std::uint32_t number = 0;
    };

    Station(const Settings& settings, const Clock& clock, Random& random);
    Result<void> prepare();
    void run();
    void execute(std::function<void()> command);  // on the thread; returns when it has run
    void run_commands();
    std::optional<Clock::Instant> next_deadline() const;
    void trim_slots();

    // Visitors (station_visitors.cc).
    void accept_visitor();
    void hear_visitor(int fd);
    void answer_visitor(int fd, Visitor& visitor, const wire::LocalMessage& message);
    void admit(int fd, Visitor& visitor, const std::shared_ptr<inbox::Inbox>& inbox);
    void dismiss_visitor(int fd);

    // The post office (station_office.cc).
    void seek_office();
    bool become_office();
    bool join_office();
    void leave_office();
    void hear_office();
    void answer_office(const wire::LocalMessage& message);
    Result<void> register_slot(const std::shared_ptr<inbox::Inbox>& inbox);
    Result<void> await_registration(const std::string& key);
    void register_own(const std::shared_ptr<inbox::Inbox>& inbox);
    void set_network_error(std::optional<Error> error);

    const Settings settings_;
    const Clock& clock_;
    const inbox::SlotFolder folder_;
    const std::string socket_path_;
    std::uint64_t station_id_ = 0;

    std::unique_ptr<os::EventLoop> loop_;
    std::unique_ptr<os::Liveness> liveness_;
    os::GuardedFd listener_;
    std::optional<Clock::Instant> accept_again_;

    // The thread's own.
    std::map<std::string, std::shared_ptr<inbox::Inbox>, std::less<>> slots_;
    std::map<int, Visitor> visitors_;
    std::unique_ptr<Office> office_;          // we are it
    std::unique_ptr<MetricsServer> metrics_;  // then, and if the settings want it
    os::GuardedFd office_connection_;         // or are registered with it
    std::vector<std::pair<std::string, std::uint32_t>> office_numbers_;  // that it has in our slots
    std::optional<Clock::Instant> seek_again_;                           // or look for it
    int seek_tries_ = 0;
    std::optional<Clock::Instant> trim_at_;  // memory of our slots that is needed no more

    std::atomic<bool> trim_is_wanted_{false};  // set by threads that read, cleared by ours

    mutable std::mutex mutex_;  // guards what follows
    std::vector<std::function<void()>> commands_;
    std::optional<Error> network_error_;
    bool stopping_ = false;
    std::thread thread_;
};

}  // namespace mailslot::post
