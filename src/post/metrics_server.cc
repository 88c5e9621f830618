#include "post/metrics_server.h"

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <map>
#include <mutex>
#include <span>
#include <string_view>
#include <utility>
#include <vector>

#include "base/saturating.h"
#include "inbox/local_writer.h"
#include "model/limits.h"
#include "model/stream_address.h"
#include "os/folder.h"
#include "os/stream_server.h"
#include "os/thread.h"
#include "post/ask_office.h"
#include "post/metrics.h"

namespace mailslot::post {
namespace {

using std::chrono::milliseconds;
using Instant = std::chrono::steady_clock::time_point;

constexpr std::chrono::seconds kTryAgain{2};
// For all of one collection, for one slot's process, and for all that belong to one user: a process
// does not answer when it is stopped, or means ill.
constexpr milliseconds kCollectWithin{1000};
constexpr milliseconds kAnswerWithin{250};
constexpr milliseconds kUserWithin{500};

enum class Answered : std::uint8_t { yes, never_asked, no };
// By their sockets, what processes did when they were asked last.
using Manners = std::map<std::string, Answered>;

// One collection. Who answered the last time is asked first, and who did not is asked last.
class Collection {
public:
    Collection(const inbox::SlotFolder& folder, std::size_t most_senders, Manners& manners)
        : folder_(folder), most_senders_(most_senders), manners_(manners) {}

    std::string run(const os::StopFlag& stop) {
        std::vector<inbox::SlotEntry> entries = folder_.list();
        std::ranges::stable_sort(entries, {}, [this](const inbox::SlotEntry& entry) {
            const auto known = manners_.find(entry.socket_path);
            return known == manners_.end() ? Answered::never_asked : known->second;
        });
        sample_.counters =
            ask_for_counters(folder_, end_).value_or(std::vector<wire::NamedCounter>());
        Manners manners;
        for (const inbox::SlotEntry& entry : entries) {
            const auto asked = manners.find(entry.socket_path);
            const bool is_silent = asked != manners.end() && asked->second == Answered::no;
            const bool is_over = stop.wait_for(milliseconds(0)) || now() >= end_;
            manners[entry.socket_path] = is_silent ? Answered::no : ask(entry, is_over);
        }
        manners_ = std::move(manners);
        return metrics_text(sample_);
    }

private:
    static Instant now() { return std::chrono::steady_clock::now(); }

    // Without asking, where there is no time left.
    Answered ask(const inbox::SlotEntry& entry, bool is_over) {
        milliseconds& waited = waited_for_[os::owner_of(entry.socket_path).value_or(0)];
        if (is_over || waited >= kUserWithin) {
            const auto before = manners_.find(entry.socket_path);
            return before == manners_.end() ? Answered::never_asked : before->second;
        }
        const Instant begun = now();
        auto slot = inbox::ask_for_info(entry, nullptr, std::min(begun + kAnswerWithin, end_));
        if (slot) {
            add_senders(entry, *slot, std::min(begun + kUserWithin, end_));
            sample_.slots.push_back(std::move(*slot));
        }
        const auto took = std::chrono::duration_cast<milliseconds>(now() - begun);
        if (took >= kAnswerWithin) waited += took;
        return !slot && slot.error().code == Errc::timed_out ? Answered::no : Answered::yes;
    }
    void add_senders(const inbox::SlotEntry& entry, const SlotInfo& slot, Instant answer_by) {
        if (slot.senders == 0) return;
        Result<std::vector<SenderInfo>> heard = Error{Errc::unreachable, "ask the post office"};
        if (most_senders_ > 0) {
            heard = ask_for_senders(std::span(&folder_, 1), entry, slot, kMaxSenders, answer_by);
        }
        if (!heard) {
            count_up(sample_.senders_left_out, slot.senders);
            return;
        }
        for (SenderInfo& sender : *heard) {
            sample_.senders.emplace_back(slot.name, std::move(sender));
        }
        keep_most_telling(sample_, most_senders_);
    }

    const inbox::SlotFolder& folder_;
    const std::size_t most_senders_;
    Manners& manners_;
    const Instant end_ = now() + kCollectWithin;
    std::map<std::uint32_t, milliseconds> waited_for_;  // by user
    MetricsSample sample_;
};

}  // namespace

struct MetricsServer::State {
    State(StreamAddress where, std::size_t senders, inbox::SlotFolder slots, os::StopFlag ends)
        : address(std::move(where)),
          most_senders(senders),
          folder(std::move(slots)),
          stop(std::move(ends)) {}

    const StreamAddress address;
    const std::size_t most_senders;
    const inbox::SlotFolder folder;
    os::StopFlag stop;
    Manners manners;  // the thread's
    mutable std::mutex mutex;
    std::optional<Error> error;                  // guarded by mutex
    std::optional<os::StreamListener> listener;  // guarded by mutex; the thread makes it
    bool has_ended = false;                      // guarded by mutex

    // The descriptor, if it may be served.
    std::optional<int> listen() {
        auto made = os::StreamListener::open(address);
        const std::lock_guard lock(mutex);
        error = made ? std::nullopt : std::optional(made.error());
        if (!made || has_ended) return std::nullopt;
        listener.emplace(std::move(*made));
        return listener->fd();
    }
    void end() {
        stop.set();
        const std::lock_guard lock(mutex);
        has_ended = true;
        if (listener) listener->end();
    }
    std::vector<std::string> answer(std::span<const std::string_view> requests) {
        std::optional<std::string> text;
        const auto make_text = [&] {
            if (!text) text = Collection(folder, most_senders, manners).run(stop);
            return *text;
        };
        std::vector<std::string> answers;
        for (const std::string_view request : requests) {
            const bool is_misled = address.path.empty() && !is_for_loopback(request);
            answers.push_back(is_misled ? answer_to_misled(request)
                                        : metrics_answer(request, make_text));
        }
        return answers;
    }
    void run() {
        for (;;) {
            if (const auto fd = listen()) {
                os::serve_stream(*fd, stop.fd(), [this](auto asked) { return answer(asked); });
                const std::lock_guard lock(mutex);
                listener.reset();
            }
            if (stop.wait_for(kTryAgain)) return;
        }
    }
};

MetricsServer::MetricsServer(std::shared_ptr<State> state) : state_(std::move(state)) {}

Result<std::unique_ptr<MetricsServer>> MetricsServer::start(const Settings& settings,
                                                            const inbox::SlotFolder& folder) {
    const auto parsed = parse_stream_address(settings.metrics);
    if (!parsed) return Error{Errc::bad_config, "metrics", 0, settings.metrics};
    auto stop = os::StopFlag::create();
    if (!stop) return stop.error();
    auto state =
        std::make_shared<State>(*parsed, settings.metrics_senders, folder, std::move(*stop));
    const bool started = os::run_detached([state] { state->run(); });
    if (!started) return Error{Errc::no_resources, "start thread", errno};
    return std::unique_ptr<MetricsServer>(new MetricsServer(std::move(state)));
}

std::optional<Error> MetricsServer::error() const {
    const std::lock_guard lock(state_->mutex);
    return state_->error;
}

// Nobody waits for the thread: it talks to strangers, and may be waiting for the very process that
// ends this.
MetricsServer::~MetricsServer() { state_->end(); }

}  // namespace mailslot::post
