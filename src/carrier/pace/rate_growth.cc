#include "carrier/pace/rate_growth.h"

#include <algorithm>

namespace mailslot {
namespace {

// Beyond what the path has carried, steps are a sixteenth of the rate, then double up to a quarter.
constexpr double kLeastGain = 1.0 / 16, kMostGain = 1.0 / 4;
// Beyond what is remembered, a step of a 64th comes first.
constexpr double kRememberedGain = 1.0 / 64;
// Below half of what it has carried.
constexpr double kFarGain = 1.0 / 2;
// A sixth of a small queue (256 KiB), up to a third where several steps in a row found room.
constexpr double kRiskBytes = 40 * 1024, kMostRiskBytes = 80 * 1024, kRiskGrowth = 1.25;
// A token bucket hides this much of a step that is too high, before any queue stands.
constexpr double kHiddenBytes = 64 * 1024;
constexpr RateGrowth::Seconds kLeastRound{0.0005};

}  // namespace

void RateGrowth::begin(double carried) {
    carried_ = carried;
    gain_ = kLeastGain;
    risk_ = kRiskBytes;
    step_ = 0;
}

void RateGrowth::begin_remembered(double carried) {
    begin(carried);
    gain_ = kRememberedGain;
}

std::optional<double> RateGrowth::next(double rate, Seconds round, Instant now) {
    if (now < paused_until_) return std::nullopt;
    const bool is_known = rate < carried_;
    const double shown = step_ * Seconds(now - stepped_at_).count();
    if (!is_known && step_ > 0 && shown < kHiddenBytes) return std::nullopt;
    const double gain = rate < carried_ / 2 ? kFarGain : is_known ? kMostGain : gain_;
    step_ = std::min(gain * rate, risk_ / std::max(round, kLeastRound).count());
    stepped_at_ = now;
    if (!is_known) {
        gain_ = std::min(kMostGain, 2 * gain_);
        risk_ = std::min(kMostRiskBytes, kRiskGrowth * risk_);
    }
    return is_known ? std::min(rate + step_, carried_) : rate + step_;
}

}  // namespace mailslot
