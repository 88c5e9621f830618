// Serves the metrics of a machine over HTTP, in a thread of its own that asks like any other
// program. Neither the post office nor a reader waits for a collector, or for this thread.
#pragma once

#include <memory>
#include <optional>
#include <string>

#include "local/slot_folder.h"
#include "mailslot/result.h"
#include "model/settings.h"

namespace mailslot::office {

// Threads: any.
class MetricsServer {
public:
    // Uses the settings `metrics` and `metrics_senders`. If the address is taken, perhaps by a
    // predecessor that has not quite ended, tries again every two seconds.
    // Errors: bad_config, no_resources.
    static Result<std::unique_ptr<MetricsServer>> start(const Settings& settings,
                                                        const local::SlotFolder& folder);
    // Frees the address at once. The thread ends by itself, within a second or so.
    ~MetricsServer();
    std::optional<Error> error() const;  // why nothing is served, if that is so
    MetricsServer(const MetricsServer&) = delete;
    MetricsServer& operator=(const MetricsServer&) = delete;

private:
    struct State;
    explicit MetricsServer(std::shared_ptr<State> state);
    std::shared_ptr<State> state_;
};

}  // namespace mailslot::office
