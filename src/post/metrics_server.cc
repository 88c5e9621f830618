#include "post/metrics_server.h"

#include <cerrno>
#include <chrono>
#include <mutex>
#include <span>
#include <string_view>
#include <thread>
#include <utility>
#include <vector>

#include "inbox/ask_reader.h"
#include "model/limits.h"
#include "model/stream_address.h"
#include "os/stream_server.h"
#include "os/thread.h"
#include "post/ask_office.h"
#include "post/metrics.h"

namespace mailslot::post {
namespace {

constexpr std::chrono::seconds kTryAgain{2};

void add_senders(MetricsSample& sample, const inbox::SlotFolder& folder,
                 const inbox::SlotEntry& entry, const SlotInfo& slot, std::size_t most) {
    if (slot.senders == 0) return;
    Result<std::vector<SenderInfo>> heard = Error{Errc::unreachable, "ask the post office"};
    if (most > 0) heard = ask_for_senders(std::span(&folder, 1), entry, slot, kMaxSenders);
    if (!heard) {
        sample.senders_left_out += slot.senders;
        return;
    }
    for (SenderInfo& sender : *heard) sample.senders.emplace_back(slot.name, std::move(sender));
    keep_most_telling(sample, most);
}

// The process that stops this may be one of those that are asked, and then does not answer.
std::string collect(const inbox::SlotFolder& folder, std::size_t most_senders,
                    const os::StopFlag& stop) {
    MetricsSample sample;
    for (const inbox::SlotEntry& entry : folder.list()) {
        if (stop.wait_for(std::chrono::milliseconds(0))) return {};
        auto slot = inbox::ask_for_info(entry);
        if (!slot) continue;
        add_senders(sample, folder, entry, *slot, most_senders);
        sample.slots.push_back(std::move(*slot));
    }
    sample.counters = ask_for_counters(folder).value_or(std::vector<wire::NamedCounter>());
    return metrics_text(sample);
}

}  // namespace

struct MetricsServer::State {
    State(std::string text, StreamAddress where, std::size_t senders, inbox::SlotFolder slots,
          os::StopFlag ends)
        : setting(std::move(text)),
          address(std::move(where)),
          most_senders(senders),
          folder(std::move(slots)),
          stop(std::move(ends)) {}

    std::string setting;  // as the user wrote the address
    StreamAddress address;
    std::size_t most_senders;
    inbox::SlotFolder folder;
    os::StopFlag stop;
    Result<os::GuardedFd> listener{os::GuardedFd()};  // the thread's own once that runs
    std::thread thread;
    mutable std::mutex mutex;
    std::optional<Error> error;  // guarded by mutex

    void set_error(std::optional<Error> found) {
        const std::lock_guard lock(mutex);
        error = std::move(found);
    }
    void listen() {
        listener = os::listen_stream(address);
        if (listener) return set_error(std::nullopt);
        Error failed = listener.error();
        failed.detail = setting;
        set_error(failed);
    }
    void run() {
        for (;;) {
            if (listener) {
                os::serve_stream(listener->get(), stop.fd(), [this](std::string_view request) {
                    return metrics_answer(request,
                                          [this] { return collect(folder, most_senders, stop); });
                });
                os::remove_stream(address);
                listener = os::GuardedFd();
            }
            if (stop.wait_for(kTryAgain)) return;
            listen();
        }
    }
};

MetricsServer::MetricsServer(std::unique_ptr<State> state) : state_(std::move(state)) {}

Result<std::unique_ptr<MetricsServer>> MetricsServer::start(const Settings& settings,
                                                            const inbox::SlotFolder& folder) {
    const auto parsed = parse_stream_address(settings.metrics);
    if (!parsed) return Error{Errc::bad_config, "metrics", 0, settings.metrics};
    auto stop = os::StopFlag::create();
    if (!stop) return stop.error();
    auto state = std::make_unique<State>(settings.metrics, *parsed, settings.metrics_senders,
                                         folder, std::move(*stop));
    state->listen();  // here, so that error() knows at once
    const bool started = os::run_joinable(state->thread, [s = state.get()] { s->run(); });
    if (!started) return Error{Errc::no_resources, "start thread", errno};
    return std::unique_ptr<MetricsServer>(new MetricsServer(std::move(state)));
}

std::optional<Error> MetricsServer::error() const {
    const std::lock_guard lock(state_->mutex);
    return state_->error;
}

MetricsServer::~MetricsServer() {
    state_->stop.set();
    state_->thread.join();
}

}  // namespace mailslot::post
