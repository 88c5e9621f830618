#include "office/metrics_server.h"

#include <algorithm>
#include <chrono>
#include <map>
#include <mutex>
#include <span>
#include <string_view>
#include <utility>
#include <vector>

#include "base/saturating.h"
#include "local/ask_reader.h"
#include "model/limits.h"
#include "model/stream_address.h"
#include "office/ask_office.h"
#include "os/failure.h"
#include "os/stream_server.h"
#include "os/thread.h"
#include "post/metrics.h"

namespace mailslot::office {
namespace {

using std::chrono::milliseconds;
using Instant = std::chrono::steady_clock::time_point;

constexpr std::chrono::seconds kTryAgain{2};
// Limits for a whole collection, and for the answers of the slots' processes, which are asked all
// at once. Some may not answer, because they are stopped or malicious.
constexpr milliseconds kCollectWithin{1000}, kAnswerWithin{500};

// Collects the metrics once.
class Collection {
public:
    Collection(const local::SlotFolder& folder, std::size_t most_senders)
        : folder_(folder), most_senders_(most_senders) {}

    std::string run(const os::StopFlag& stop) {
        sample_.counters =
            ask_for_counters(folder_, end_).value_or(std::vector<wire::NamedCounter>());
        const std::vector<local::SlotEntry> entries = folder_.list();
        auto slots = local::ask_all_for_info(entries, nullptr, kAnswerWithin);
        for (std::size_t i = 0; i < entries.size(); ++i) {
            if (!slots[i]) continue;
            const bool is_over = stop.wait_for(milliseconds(0)) || now() >= end_;
            add_senders(entries[i], *slots[i], is_over);
            sample_.slots.push_back(std::move(*slots[i]));
        }
        return post::metrics_text(sample_);
    }

private:
    static Instant now() { return std::chrono::steady_clock::now(); }

    void add_senders(const local::SlotEntry& entry, const SlotInfo& slot, bool is_over) {
        if (slot.senders == 0) return;
        Result<std::vector<SenderInfo>> heard = Error{Errc::unreachable, "ask the post office"};
        if (most_senders_ > 0 && !is_over) {
            heard =
                ask_for_senders(std::span(&folder_, 1), entry, slot, kMaxSenders, nullptr, end_);
        }
        if (!heard) {
            count_up(sample_.senders_left_out, slot.senders);
            return;
        }
        for (SenderInfo& sender : *heard) {
            sample_.senders.emplace_back(slot.name, std::move(sender));
        }
        post::keep_most_telling(sample_, most_senders_);
    }

    const local::SlotFolder& folder_;
    const std::size_t most_senders_;
    const Instant end_ = now() + kCollectWithin;
    post::MetricsSample sample_;
};

}  // namespace

struct MetricsServer::State {
    State(std::string text, StreamAddress where, std::size_t senders, local::SlotFolder slots,
          os::StopFlag ends)
        : setting(std::move(text)),
          address(std::move(where)),
          most_senders(senders),
          folder(std::move(slots)),
          stop(std::move(ends)) {}

    const std::string setting;  // as the user wrote the address
    const StreamAddress address;
    const std::size_t most_senders;
    const local::SlotFolder folder;
    os::StopFlag stop;
    mutable std::mutex mutex;
    std::optional<Error> error;                  // guarded by mutex
    std::optional<os::StreamListener> listener;  // guarded by mutex
    bool has_ended = false;                      // guarded by mutex

    void listen() {
        auto made = os::StreamListener::open(address);
        const std::lock_guard lock(mutex);
        error = made ? std::nullopt : std::optional(made.error());
        if (error) error->detail = setting;
        if (made && !has_ended) listener.emplace(std::move(*made));
    }
    // Returns the listening socket, if there is any.
    std::optional<os::Handle> descriptor() const {
        const std::lock_guard lock(mutex);
        return listener ? std::optional(listener->fd()) : std::nullopt;
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
            if (!text) text = Collection(folder, most_senders).run(stop);
            return *text;
        };
        std::vector<std::string> answers;
        for (const std::string_view request : requests) {
            const bool is_misled = address.path.empty() && !post::is_for_loopback(request);
            answers.push_back(is_misled ? post::answer_to_misled(request)
                                        : post::metrics_answer(request, make_text));
        }
        return answers;
    }
    void run() {
        for (;;) {
            if (const auto fd = descriptor()) {
                os::serve_stream(*fd, stop.fd(), [this](auto asked) { return answer(asked); });
                const std::lock_guard lock(mutex);
                listener.reset();
            }
            if (stop.wait_for(kTryAgain)) return;
            listen();
        }
    }
};

MetricsServer::MetricsServer(std::shared_ptr<State> state) : state_(std::move(state)) {}

Result<std::unique_ptr<MetricsServer>> MetricsServer::start(const Settings& settings,
                                                            const local::SlotFolder& folder) {
    const auto parsed = parse_stream_address(settings.metrics);
    if (!parsed) return Error{Errc::bad_config, "metrics", 0, settings.metrics};
    auto stop = os::StopFlag::create();
    if (!stop) return stop.error();
    auto state = std::make_shared<State>(settings.metrics, *parsed, settings.metrics_senders,
                                         folder, std::move(*stop));
    state->listen();  // in this thread, so that error() knows at once
    const bool started = os::run_detached([state] { state->run(); });
    if (!started) return Error{Errc::no_resources, "start thread", os::last_code()};
    return std::unique_ptr<MetricsServer>(new MetricsServer(std::move(state)));
}

std::optional<Error> MetricsServer::error() const {
    const std::lock_guard lock(state_->mutex);
    return state_->error;
}

// Does not wait for the thread, which talks to strangers and may be waiting for the very process
// that ends this server.
MetricsServer::~MetricsServer() { state_->end(); }

}  // namespace mailslot::office
