#include "mailslotd/daemon.h"

#include <algorithm>
#include <array>
#include <chrono>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "carrier/carrier.h"
#include "carrier/carriers.h"
#include "config/settings_text.h"
#include "mailslot/exit_status.h"
#include "mailslot/output.h"
#include "mailslotd/log.h"
#include "office/station.h"
#include "os/descriptors.h"
#include "os/event.h"
#include "os/network_state.h"
#include "os/privileges.h"
#include "os/process.h"
#include "os/service_manager.h"
#include "os/service_signals.h"
#include "os/system_random.h"
#include "os/user.h"
#include "os/wait_list.h"
#include "trust/keys.h"

namespace mailslot::daemon {
namespace {

using namespace std::chrono_literals;
using office::Estate;
using office::Station;

// Interval of looks for changes to report. With a watchdog, at most half its time.
constexpr auto kLookEvery = 10s;

int fail(const Error& error) {
    log(Priority::error, to_string(error));
    // The other two statuses are about messages and slots.
    const int status = cli::exit_status(error.code);
    return status == cli::kWrongUse || status == cli::kRefused ? status : cli::kFailed;
}

std::string monotonic_us() {
    const auto now = std::chrono::steady_clock::now().time_since_epoch();
    return std::to_string(std::chrono::duration_cast<std::chrono::microseconds>(now).count());
}

class Daemon {
public:
    Daemon(const DaemonOptions& options, const Settings& settings)
        : options_(options), settings_(settings) {
        settings_.keeps_port = serves_all_users();
    }

    int run(os::ServiceSignals& signals);

private:
    bool serves_all_users() const {
        return settings_.dir == settings_.system_dir && (options_.settings.system || os::is_root());
    }
    Result<void> start();
    office::StationRole take_role();
    void reload();
    int end(std::string_view words);
    static void tell(std::string& said, const std::optional<Error>& error, std::string_view wrong,
                     std::string_view over);
    void tell_status();
    void tell_who_shares_port();
    void keep(const Estate& estate);
    void keep_at_end(const Estate& estate);
    void forget_kept();

    const DaemonOptions& options_;
    Settings settings_;
    os::ServiceManager manager_;
    SystemClock clock_;
    os::SystemRandom random_;
    // Readable: another mailslotd took our place.
    os::UniqueFd replaced_ = os::make_event();
    std::shared_ptr<Station> station_;
    std::string status_, network_error_, metrics_error_, keys_error_, port_error_;
};

office::StationRole Daemon::take_role() {
    office::StationRole role;
    role.rank = options_.replace ? wire::Rank::successor_daemon : wire::Rank::daemon;
    role.serves_all_users = serves_all_users();
    for (os::PassedFd& passed : manager_.take_fds()) {
        if (passed.name == "udp" || passed.name == "local") {
            role.kept.sockets.push_back({passed.name, {std::move(passed.fd)}});
        } else if (passed.name == "books") {
            role.kept.books = office::books_in(passed.fd.get());
        } else if (os::is_listener(passed.fd)) {
            role.listener = std::move(passed.fd);
        }
    }
    return role;
}

Result<void> Daemon::start() {
    auto station = Station::start(settings_, clock_, random_, take_role());
    if (!station && station.error().code == Errc::slot_exists) {
        return Error{Errc::slot_exists, "take over", 0,
                     "the post office of " + settings_.dir + " is already " +
                         station.error().detail + "; --replace replaces it",
                     Reason::no_takeover};
    }
    if (!station) return station.error();
    station_ = std::move(*station);
    station_->at_loss([this] { os::set_event(replaced_); });
    if (manager_.is_there()) {
        station_->at_end([this](const Estate& estate) { keep_at_end(estate); });
        return station_->reopen_office(settings_, [this](const Estate& estate) { keep(estate); });
    }
    return {};
}

void Daemon::forget_kept() {
    std::vector<std::string_view> names = names_of_carriers();
    names.push_back("books");
    for (const std::string_view name : names) {
        manager_.notify("FDSTOREREMOVE=1\nFDNAME=" + std::string(name));
    }
}

// Gives the sockets to the service manager, where they outlive a kill, for the next mailslotd.
void Daemon::keep(const Estate& estate) {
    forget_kept();
    for (const Estate::Socket& socket : estate.sockets) {
        const std::array fds{socket.socket.fd.get()};
        manager_.notify("FDSTORE=1\nFDPOLL=0\nFDNAME=" + socket.carrier, fds);
    }
}

// Called if no other process took the office over. If we are started again, we go on with
// our books.
void Daemon::keep_at_end(const Estate& estate) {
    if (estate.books.empty()) {
        forget_kept();
        return;
    }
    const auto books = office::to_memory(estate.books);
    if (!books) return;
    const std::array fds{books->get()};
    manager_.notify("FDSTORE=1\nFDPOLL=0\nFDNAME=books", fds);
}

void Daemon::reload() {
    manager_.notify("RELOADING=1\nMONOTONIC_USEC=" + monotonic_us());
    auto settings = load_settings(options_.settings);
    if (!settings) {
        log(Priority::error, "keeps its configuration: " + to_string(settings.error()));
    } else if (settings->dir != settings_.dir) {
        log(Priority::error, "keeps its configuration: another 'dir' needs a restart");
    } else {
        settings_ = *settings;
        settings_.keeps_port = serves_all_users();
        const auto reopened =
            station_->reopen_office(settings_, [this](const Estate& estate) { keep(estate); });
        if (!reopened) {
            log(Priority::error,
                "is not the post office, and will try again: " + to_string(reopened.error()));
        } else {
            log(Priority::notice, "has read its configuration again");
        }
    }
    manager_.notify("READY=1");
    status_.clear();  // print the status again after a reload
    tell_status();
}

// Logs an error when it begins or changes, and its end.
void Daemon::tell(std::string& said, const std::optional<Error>& error, std::string_view wrong,
                  std::string_view over) {
    const std::string what = error ? to_string(*error) : "";
    if (what == said) return;
    if (error) log(Priority::warning, std::string(wrong) + what);
    if (!error) log(Priority::notice, over);
    said = what;
}

// A program that had the port earlier and shares it may get datagrams for this machine's address.
void Daemon::tell_who_shares_port() {
    if (!settings_.keeps_port) return;
    const std::string port = "UDP port " + std::to_string(settings_.port);
    std::string shares;
    for (const os::UdpPortUser& other : os::udp_table(settings_.port)) {
        if (other.uid != os::this_user()) shares = port + " with user " + std::to_string(other.uid);
    }
    if (shares == port_error_) return;
    if (shares.empty()) {
        log(Priority::notice, "no longer shares " + port);
    } else {
        log(Priority::warning, "shares " + shares +
                                   ", who opened it first: a message to this machine's address may "
                                   "reach that user's program");
    }
    port_error_ = shares;
}

void Daemon::tell_status() {
    tell_who_shares_port();
    const auto error = station_->network_error();
    const bool is_in_part = error && error->reason == Reason::one_family;
    tell(network_error_, error,
         is_in_part ? "receives from only a part of the network: "
                    : "receives nothing from the network: ",
         "receives from the network again");
    const office::OfficeStatus office = station_->office_status();
    tell(metrics_error_, office.metrics_error, "cannot serve metrics: ", "serves metrics");
    std::optional<Error> keys_error;
    if (settings_.keys) {
        settings_.keys->look();  // on a quiet network no other thread looks
        keys_error = settings_.keys->error();
    }
    tell(keys_error_, keys_error, "keeps its keys: ", "has read its keys again");
    std::string status = std::to_string(office.slots) + " slots of " +
                         std::to_string(office.registrants) + " programs, " +
                         std::to_string(office.counters.delivered) + " messages received, " +
                         std::to_string(office.counters.lost.total()) + " lost";
    if (error) status = network_error_;
    if (status == status_) return;
    status_ = std::move(status);
    manager_.notify("STATUS=" + status_);
}

int Daemon::run(os::ServiceSignals& signals) {
    if (auto started = start(); !started) {
        // The advice for slot errors would mislead here.
        const Error& error = started.error();
        if (error.reason != Reason::no_takeover) return fail(error);
        const bool is_stopped = error.code == Errc::no_such_slot || error.code == Errc::timed_out;
        log(Priority::error,
            error.detail + (is_stopped ? "; resume that process (kill -CONT), or end it" : ""));
        return error.code == Errc::no_permission ? cli::kRefused : cli::kFailed;
    }
    log(Priority::notice,
        "is the post office of " + settings_.dir + ", UDP port " + std::to_string(settings_.port));
    tell_status();
    manager_.notify("READY=1\nMAINPID=" + std::to_string(os::own_process()));
    std::chrono::microseconds every = kLookEvery;
    if (const auto watchdog = manager_.watchdog()) every = std::min(every, *watchdog / 2);
    os::WaitList events;
    events.add(signals.fd());
    events.add(replaced_.get());
    for (;;) {
        (void)events.wait(std::chrono::steady_clock::now() + every);
        if (events.is_ready(1)) return end("has ended: another mailslotd has replaced it");
        while (const auto signal = signals.take()) {
            if (*signal == os::ServiceSignal::end) return end("has ended");
            reload();
        }
        // Asks the station's thread, so that the watchdog notices if it stands still.
        tell_status();
        if (manager_.watchdog()) manager_.notify("WATCHDOG=1");
    }
}

int Daemon::end(std::string_view words) {
    manager_.notify("STOPPING=1\nSTATUS=hands over the post office");
    station_.reset();
    log(Priority::notice, words);
    return cli::kDone;
}

constexpr const char* kUser = "mailslot";

// Returns the user to become, if other than the current user.
std::optional<std::string> user_to_be(const DaemonOptions& options, const Settings& settings) {
    if (options.user) return options.user;
    const bool is_machines = os::is_root() && settings.dir == "/run/mailslot";
    return is_machines && os::is_user(kUser) ? std::optional<std::string>(kUser) : std::nullopt;
}

// Root is needed only to create the folder. Then the settings are read again with the rights of
// that user.
Result<Settings> give_up_root(DaemonOptions& options, const Settings& settings,
                              const std::string& user) {
    options.settings.system =
        options.settings.system || (os::is_root() && settings.dir == settings.system_dir);
    if (os::is_root()) {
        if (auto made = os::make_folder_for(settings.dir, user); !made) return made.error();
    }
    const bool keeps_low_ports = need_low_ports(settings);
    if (auto become = os::become_user(user, keeps_low_ports); !become) return become.error();
    return load_settings(options.settings);
}

}  // namespace

int print(std::string_view text) {
    cli::Output output;
    output.text() = text;
    const auto written = output.flush();
    return written || written.error().code == Errc::closed ? cli::kDone : fail(written.error());
}

int run(const DaemonOptions& options) {
    if (options.verbose) be_verbose();
    Origins origins;
    auto settings = load_settings(options.settings, &origins);
    if (!settings) return fail(settings.error());
    if (options.print_config) {
        return print(to_toml(*settings, origins, options.verbose ? Help::with : Help::without));
    }
    if (options.check_config) return cli::kDone;
    DaemonOptions as_user = options;
    if (const auto user = user_to_be(options, *settings)) {
        settings = give_up_root(as_user, *settings, *user);
        if (!settings) return fail(settings.error());
    }
    os::allow_most_descriptors();  // slots and connections of all users
    auto signals = os::ServiceSignals::open();
    if (!signals) return fail(signals.error());
    return Daemon(as_user, *settings).run(*signals);
}

}  // namespace mailslot::daemon
