// What a machine's slots and its post office have counted, as Prometheus reads it: docs/metrics.md.
// Pure.
#pragma once

#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "mailslot/mailslot.h"
#include "wire/local_message.h"

namespace mailslot::post {

// Text format 0.0.4. No `counters`: nobody is the post office just now.
std::string metrics_text(const std::vector<SlotInfo>& slots,
                         const std::vector<wire::NamedCounter>& counters);

// The HTTP answer to a request; `make_text` is called for GET /metrics and GET / alone.
std::string metrics_answer(std::string_view request, const std::function<std::string()>& make_text);

}  // namespace mailslot::post
