// What a machine's slots and its post office have counted, as Prometheus reads it: docs/metrics.md.
// Pure.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "mailslot/mailslot.h"
#include "wire/local_message.h"

namespace mailslot::post {

// What is told of a machine.
struct MetricsSample {
    std::vector<SlotInfo> slots{};
    std::vector<std::pair<std::string, SenderInfo>> senders{};  // with the name of their slot
    std::uint64_t senders_left_out = 0;
    std::vector<wire::NamedCounter> counters{};  // empty: nobody is the post office just now
};

// Leaves out all but the `most` that lost most, and of those that lost nothing, that sent most: who
// is in stays in, so that a collector does not meet new ones all the time.
void keep_most_telling(MetricsSample& sample, std::size_t most);

// Text format 0.0.4.
std::string metrics_text(const MetricsSample& sample);

// Whether the request is for this machine: it names no host, or the loopback. A web page whose
// name was made to lead to the loopback asks for that name.
bool is_for_loopback(std::string_view request);

// The HTTP answer to a request; `make_text` is called for GET /metrics and GET / alone.
std::string metrics_answer(std::string_view request, const std::function<std::string()>& make_text);
// The same to one that is for another host.
std::string answer_to_misled(std::string_view request);

}  // namespace mailslot::post
