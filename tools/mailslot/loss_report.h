// Says on standard error that messages were lost: at once, but never more than a line a second.
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace mailslot::cli {

class LossReport {
public:
    using Instant = std::chrono::steady_clock::time_point;
    static constexpr std::chrono::seconds kGap{1};

    // `count` messages of a writer on `host` were lost. Returns the line to print now, if any;
    // otherwise they are part of a later line.
    std::optional<std::string> note(std::uint64_t count, std::string_view host, Instant now);

    std::optional<Instant> due_at() const;        // when due() will have a line, if it will
    std::optional<std::string> due(Instant now);  // what was held back, once a second has passed
    std::optional<std::string> rest();            // what is still held back: call at the end

private:
    std::optional<Instant> last_{};  // when the last line was printed
    std::uint64_t held_ = 0;         // lost messages not yet reported
    std::string host_{};             // of the first of them
    bool several_hosts_ = false;
};

}  // namespace mailslot::cli
