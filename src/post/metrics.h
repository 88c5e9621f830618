// Formats the counters of a machine's slots and post office for Prometheus: docs/metrics.md. Pure.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "mailslot/slot_info.h"
#include "wire/local_message.h"

namespace mailslot::post {

// Counters of a machine.
struct MetricsSample {
    std::vector<SlotInfo> slots{};
    std::vector<std::pair<std::string, SenderInfo>> senders{};  // with the name of their slot
    std::uint64_t senders_left_out = 0;
    std::vector<wire::NamedCounter> counters{};  // empty if there is no post office
};

// Keeps the `most` senders that lost most and, among senders that lost nothing, sent most. The
// choice is stable, so that a collector does not meet new senders all the time.
void keep_most_telling(MetricsSample& sample, std::size_t most);

// Returns the sample in text format 0.0.4.
std::string metrics_text(const MetricsSample& sample);

// Returns true if the request is for this machine: it names no host, or the loopback. A web page
// may make its own name lead to the loopback, but then asks for that name.
bool is_for_loopback(std::string_view request);

// Returns the HTTP answer to a request. Calls `make_text` only for GET or HEAD of /metrics or /.
std::string metrics_answer(std::string_view request, const std::function<std::string()>& make_text);
// Returns the HTTP answer to a request for another host.
std::string answer_to_misled(std::string_view request);

}  // namespace mailslot::post
