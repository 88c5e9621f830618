#include "mailslot/loss_report.h"

#include <utility>

#include "base/saturating.h"
#include "base/visible_text.h"

namespace mailslot::cli {
namespace {

std::string lost(std::uint64_t count) {
    return "lost " + std::to_string(count) + (count == 1 ? " message" : " messages");
}

}  // namespace

std::optional<std::string> LossReport::note(std::uint64_t count, std::string_view host,
                                            Instant now) {
    if (held_ == 0 && (!last_ || now - *last_ >= kGap)) {
        last_ = now;
        return lost(count) + " from " + cell_of(host) + " before this one";
    }
    if (held_ == 0)
        host_ = host;
    else if (host_ != host)
        several_hosts_ = true;
    count_up(held_, count);
    return due(now);
}

std::optional<LossReport::Instant> LossReport::due_at() const {
    if (held_ == 0) return std::nullopt;
    return *last_ + kGap;
}

std::optional<std::string> LossReport::due(Instant now) {
    if (held_ == 0 || now < *due_at()) return std::nullopt;
    last_ = now;
    return rest();
}

std::optional<std::string> LossReport::rest() {
    if (held_ == 0) return std::nullopt;
    const std::uint64_t count = std::exchange(held_, 0);
    const bool several = std::exchange(several_hosts_, false);
    return lost(count) + " more from " + cell_of(host_) + (several ? " and others" : "");
}

}  // namespace mailslot::cli
