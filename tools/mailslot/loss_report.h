// Reports lost messages on standard error: at once, but at most a line a second.
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

    // Takes note of `count` lost messages of a writer on `host`. Returns the line to print at once,
    // if any. Otherwise these messages are part of a later line.
    std::optional<std::string> note(std::uint64_t count, std::string_view host, Instant now);

    std::optional<Instant> due_at() const;        // when due() will return a line, if ever
    std::optional<std::string> due(Instant now);  // the held line, once a second has passed
    std::optional<std::string> rest();            // the held line, at the end

private:
    std::optional<Instant> last_{};  // when the last line was printed
    std::uint64_t held_ = 0;         // lost messages not yet reported
    std::string host_{};             // host of the first loss held
    bool several_hosts_ = false;
};

}  // namespace mailslot::cli
